//! A Rust file as the rules see it: code without comments and strings, and the strings.

pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    /// The text with comments and the contents of literals blanked; lines stay where they are.
    /// Empty for a file that is not Rust.
    pub(super) code: String,
    /// Each string literal with the line on which it begins.
    pub(super) strings: Vec<(usize, String)>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let mut scanner = Scanner::default();
        if path.ends_with(".rs") {
            scanner.scan(&text.chars().collect::<Vec<_>>());
        }
        Self { path, text, code: scanner.code, strings: scanner.strings }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The program's own code: not tests, neither beside it nor in a file of their own.
    pub(super) fn is_ours(&self) -> bool {
        self.is_rust() && self.path.starts_with("src/") && !self.path.contains("/tests")
    }

    /// The room (module of the crate) that a file of `src/` belongs to.
    pub(super) fn room(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// The code before the test module at the end of the file, by numbered line.
    pub(super) fn lines_without_tests(&self) -> Vec<(usize, &str)> {
        let lines: Vec<_> = (1..).zip(self.code.lines()).collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0].1.trim() == "#[cfg(test)]" && pair[1].1.trim_start().starts_with("mod ")
        });
        match tests {
            Some(start) if lines[start + 1].1.contains('{') => lines[..start].to_vec(),
            _ => lines,
        }
    }
}

#[derive(Default)]
struct Scanner {
    code: String,
    strings: Vec<(usize, String)>,
    line: usize,
}

impl Scanner {
    fn scan(&mut self, text: &[char]) {
        self.line = 1;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let after_name = at > 0 && (text[at - 1].is_alphanumeric() || text[at - 1] == '_');
            let taken = match rest {
                ['/', '/', ..] => self.blank(rest, line_comment(rest)),
                ['/', '*', ..] => self.blank(rest, block_comment(rest)),
                ['b', 'r', '"' | '#', ..] if !after_name => {
                    self.keep('b');
                    1 + self.raw(&rest[1..])
                }
                ['r', '"' | '#', ..] if !after_name => self.raw(rest),
                ['"', ..] => self.string(rest, 1, quoted(rest, '"'), 1),
                ['\'', '\\', ..] | ['\'', _, '\'', ..] => self.blank(rest, quoted(rest, '\'')),
                _ => {
                    self.keep(rest[0]);
                    1
                }
            };
            at += taken;
        }
    }

    fn keep(&mut self, c: char) {
        self.line += usize::from(c == '\n');
        self.code.push(c);
    }

    fn blank(&mut self, rest: &[char], length: usize) -> usize {
        for c in &rest[..length] {
            self.keep(if *c == '\n' { '\n' } else { ' ' });
        }
        length
    }

    /// A raw string, or one letter of a raw identifier.
    fn raw(&mut self, rest: &[char]) -> usize {
        let Some(hashes) = raw_hashes(rest) else {
            self.keep(rest[0]);
            return 1;
        };
        self.string(rest, hashes + 2, raw_string(rest, hashes), hashes + 1)
    }

    fn string(&mut self, rest: &[char], open: usize, length: usize, close: usize) -> usize {
        let end = length.saturating_sub(close).max(open).min(length);
        self.strings.push((self.line, rest[open.min(end)..end].iter().collect()));
        self.blank(rest, length)
    }
}

fn line_comment(rest: &[char]) -> usize {
    rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// How many hashes stand between `r` and its quote; none for a raw identifier.
fn raw_hashes(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    (rest.get(hashes + 1) == Some(&'"')).then_some(hashes)
}

fn raw_string(rest: &[char], hashes: usize) -> usize {
    let mut end = vec!['"'];
    end.resize(hashes + 1, '#');
    let body = &rest[hashes + 2..];
    let length = body.windows(end.len()).position(|window| window == end);
    length.map_or(rest.len(), |length| hashes + 2 + length + end.len())
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = "let a = \"x // y\"; // crate::no\n\
                /* one\n/* two */ */ let c = '\"'; 'life: loop {}\n\
                let r = r#\"raw \"# ; let b = br\"q\"; let r#type = b'\\'';";
    let source = Source::new("src/a.rs", text);
    let words: Vec<_> = source.code.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "let a = ; let c = ; 'life: loop {} let r = ; let b = b ; let r#type = b ;"
    );
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(
        source.strings,
        [(1, "x // y".to_owned()), (4, "raw ".to_owned()), (4, "q".to_owned())]
    );
}

#[test]
fn a_test_module_at_the_end_is_left_out() {
    let source =
        Source::new("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
    assert_eq!(source.lines_without_tests(), [(1, "fn a() {}")]);
    let outside = Source::new("src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
    assert_eq!(outside.lines_without_tests().len(), 3);
}
