//! What a file is, by its bytes and not by what is said of it, and whether it is taken.

use crate::domain::AttachmentKind;
use crate::pipeline::guard::guarded;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Empty,
    /// It is said to be something that is not taken, whatever it is.
    Said,
    /// A form without a file, or with several.
    Form,
    /// Word, with macros or with parts that run.
    Macros,
    /// Word of before 2007, or protected by a password.
    OldOrProtected,
    /// Another office file: a table, slides.
    OtherOffice,
    /// A picture or film of another kind, e.g. of a telephone.
    OtherPicture,
    /// None that is known.
    Unknown,
}

impl Unfit {
    /// A fixed code.
    pub fn rule(self) -> &'static str {
        match self {
            Unfit::Empty => "empty",
            Unfit::Said => "content-type",
            Unfit::Form => "one-file",
            Unfit::Macros => "macros",
            Unfit::OldOrProtected => "old-or-protected",
            Unfit::OtherOffice => "other-office",
            Unfit::OtherPicture => "other-picture",
            Unfit::Unknown => "unknown-kind",
        }
    }

    /// What to do.
    pub fn ask(self) -> &'static str {
        match self {
            Unfit::Empty => "There is nothing in the file: choose it again, and send its bytes",
            Unfit::Said => {
                "Send the bytes of one file as the body, with its own Content-Type or \
                 application/octet-stream"
            }
            Unfit::Form => "Send a form with one file in it, or the file's bytes as the body",
            Unfit::Macros => {
                "It holds macros or parts that run. Save it as PDF, or as .docx without macros, \
                 and send that"
            }
            Unfit::OldOrProtected => {
                "It is an old Word file, or needs a password. Open it, save it as PDF without a \
                 password, and send that"
            }
            Unfit::OtherOffice => "Print or save it as PDF, and send that",
            Unfit::OtherPicture => "Save the picture as JPEG or PNG, and send that",
            Unfit::Unknown => {
                "Send PDF, JPEG, PNG, Word (.docx) or plain text in UTF-8; save anything else as \
                 PDF"
            }
        }
    }
}

/// What the bytes are; `said` is the media type that came with them.
pub(super) fn fit(said: Option<&str>, content: &[u8]) -> Result<AttachmentKind, Unfit> {
    if content.is_empty() {
        return Err(Unfit::Empty);
    }
    if !may_be_said(said) {
        return Err(Unfit::Said);
    }
    // Bytes from outside that make a reader of theirs fail are none that we take.
    guarded("recognise", || recognise(content)).unwrap_or(Err(Unfit::Unknown))
}

/// What is sent as JSON or as a form is no file, although it may look like text.
fn may_be_said(said: Option<&str>) -> bool {
    let Some(said) = said else { return true };
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let loose = ["", "application/octet-stream", "image/jpg", "image/pjpeg"];
    loose.contains(&said.as_str()) || AttachmentKind::of_media_type(&said).is_some()
}

fn recognise(content: &[u8]) -> Result<AttachmentKind, Unfit> {
    let found = infer::get(content).map_or("", |found| found.mime_type());
    if is_text(content) {
        return of_text(found);
    }
    match found {
        "application/pdf" => Ok(AttachmentKind::Pdf),
        "image/jpeg" => Ok(AttachmentKind::Jpeg),
        "image/png" => Ok(AttachmentKind::Png),
        "application/msword" | "application/x-ole-storage" => Err(Unfit::OldOrProtected),
        // Word's files are ZIP archives, in whatever order their parts come.
        _ if content.starts_with(b"PK\x03\x04") => of_archive(content),
        other if other.starts_with("image/") || other.starts_with("video/") => {
            Err(Unfit::OtherPicture)
        }
        _ => Err(Unfit::Unknown),
    }
}

/// What is text through and through may be something written in text. Two letters at its head make
/// it nothing else: "BM was seen" is no picture.
fn of_text(found: &str) -> Result<AttachmentKind, Unfit> {
    match found {
        "application/pdf" => Ok(AttachmentKind::Pdf),
        "application/rtf" | "application/postscript" => Err(Unfit::Unknown),
        written if written.starts_with("text/") => Err(Unfit::Unknown),
        _ => Ok(AttachmentKind::Text),
    }
}

/// Parts of an office file that run something.
const RUN: [&str; 4] = ["vbaproject", "vbadata", "/activex/", "/macrosheets/"];
/// Bytes of the list of parts that are read: a real one has a few thousand.
const PARTS: u64 = 256 << 10;
/// What the list of parts calls a file with macros.
const WITH_MACROS: &[u8] = b"macroenabled";

fn of_archive(content: &[u8]) -> Result<AttachmentKind, Unfit> {
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(|_| Unfit::Unknown)?;
    let names = archive.file_names().map(|name| name.map(|name| name.to_ascii_lowercase()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|_| Unfit::Unknown)?;
    let has = |part: &str| names.iter().any(|name| name == part);
    let runs = |name: &String| RUN.iter().any(|part| name.contains(part));
    if names.iter().any(runs) {
        return Err(Unfit::Macros);
    }
    if !has("word/document.xml") {
        let office = has("[content_types].xml") || has("mimetype");
        return Err(if office { Unfit::OtherOffice } else { Unfit::Unknown });
    }
    let parts = archive.by_name("[Content_Types].xml").map_err(|_| Unfit::Unknown)?;
    let mut read = Vec::new();
    parts.take(PARTS).read_to_end(&mut read).map_err(|_| Unfit::Unknown)?;
    read.make_ascii_lowercase();
    if read.windows(WITH_MACROS.len()).any(|part| part == WITH_MACROS) {
        return Err(Unfit::Macros);
    }
    Ok(AttachmentKind::Docx)
}

/// UTF-8 without control characters but those of lines.
fn is_text(content: &[u8]) -> bool {
    let line = |c: char| matches!(c, '\t' | '\n' | '\r' | '\x0c');
    std::str::from_utf8(content).is_ok_and(|text| text.chars().all(|c| line(c) || !c.is_control()))
}

/// Characters of a name.
const NAME: usize = 150;

/// The name that a file is shown under: nothing of a path, nothing that a screen or a disk could
/// take for something else, and an ending that says what it is.
pub(super) fn named(given: Option<&str>, kind: AttachmentKind) -> String {
    let last = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = |c: &char| !c.is_control() && !is_hidden(*c) && !"<>:\"|?*".contains(*c);
    let mut name: String = last.chars().filter(shown).collect();
    name = name.trim().trim_matches('.').chars().take(NAME).collect();
    if name.is_empty() {
        name = "document".to_owned();
    }
    let lower = name.to_ascii_lowercase();
    if !kind.endings().iter().any(|ending| lower.ends_with(ending)) {
        name.push_str(kind.endings()[0]);
    }
    name
}

/// Marks that turn the direction of writing, or that nobody sees: a name with them looks like
/// another.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).expect("a part");
            zip.write_all(text.as_bytes()).expect("written");
        }
        zip.finish().expect("an archive").into_inner()
    }

    const PLAIN: &str = "<Types>wordprocessingml.document.main+xml</Types>";
    const MACRO: &str = "<Types>application/vnd.ms-word.document.macroEnabled.main+xml</Types>";

    #[test]
    fn a_file_is_what_its_bytes_are() {
        let is = |bytes: &[u8]| fit(Some("application/pdf"), bytes);
        assert_eq!(is(b"%PDF-1.7\n..."), Ok(AttachmentKind::Pdf));
        assert_eq!(is(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), Ok(AttachmentKind::Jpeg));
        assert_eq!(is(b"\x89PNG\r\n\x1a\n\0\0"), Ok(AttachmentKind::Png));
        assert_eq!(is("A caf\u{e9}.\r\n\tTwo".as_bytes()), Ok(AttachmentKind::Text));
        let parts = [("[Content_Types].xml", PLAIN), ("word/document.xml", "<w/>")];
        assert_eq!(is(&archive(&parts)), Ok(AttachmentKind::Docx));
        let turned = [("word/document.xml", "<w/>"), ("[Content_Types].xml", PLAIN)];
        assert_eq!(is(&archive(&turned)), Ok(AttachmentKind::Docx));
        for initials in ["BM was seen", "MZ hurt", "PK", "II* three", "RIFF"] {
            assert_eq!(is(initials.as_bytes()), Ok(AttachmentKind::Text), "{initials}");
        }
        for written in ["{\\rtf1 \\b x}", "#!/bin/sh\nrm x", "<?xml version=\"1.0\"?><a/>"] {
            assert_eq!(is(written.as_bytes()), Err(Unfit::Unknown), "{written}");
        }
        assert_eq!(is(b""), Err(Unfit::Empty));
        assert_eq!(is(b"MZ\x90\0\x03\0\0\0"), Err(Unfit::Unknown));
        assert_eq!(is(b"\x7fELF\x02\x01\x01\0"), Err(Unfit::Unknown));
        assert_eq!(is(b"caf\xe9"), Err(Unfit::Unknown), "not UTF-8");
        assert_eq!(is(b"a\0b"), Err(Unfit::Unknown));
        assert_eq!(is(b"<!DOCTYPE html><script>"), Err(Unfit::Unknown));
        assert_eq!(is(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Err(Unfit::OtherPicture));
        assert_eq!(is(b"GIF89a\x01\0\x01\0"), Err(Unfit::OtherPicture));
        assert_eq!(is(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1........"), Err(Unfit::OldOrProtected));
        assert_eq!(is(b"PK\x03\x04"), Err(Unfit::Unknown));
    }

    #[test]
    fn macros_are_found_whatever_the_file_is_called() {
        let word = |more: &[(&str, &str)], types: &str| {
            let mut parts = vec![("[Content_Types].xml", types), ("word/document.xml", "<w/>")];
            parts.extend(more);
            fit(None, &archive(&parts))
        };
        assert_eq!(word(&[], PLAIN), Ok(AttachmentKind::Docx));
        for part in ["word/vbaProject.bin", "word/VBAPROJECT.bin", "word/activeX/activeX1.bin"] {
            assert_eq!(word(&[(part, "x")], PLAIN), Err(Unfit::Macros), "{part}");
        }
        assert_eq!(word(&[], MACRO), Err(Unfit::Macros));
        let table = [("[Content_Types].xml", PLAIN), ("xl/workbook.xml", "<x/>")];
        assert_eq!(fit(None, &archive(&table)), Err(Unfit::OtherOffice));
        assert_eq!(fit(None, &archive(&[("photo.jpg", "x")])), Err(Unfit::Unknown));
    }

    #[test]
    fn what_is_sent_as_something_else_is_no_file() {
        for said in ["application/json", "multipart/form-data; boundary=x", "text/html"] {
            assert_eq!(fit(Some(said), b"plain"), Err(Unfit::Said), "{said}");
        }
        for said in ["application/octet-stream", "TEXT/PLAIN; charset=utf-8", "image/png"] {
            assert_eq!(fit(Some(said), b"plain"), Ok(AttachmentKind::Text), "{said}");
        }
    }

    #[test]
    fn a_name_is_no_path_and_says_what_the_file_is() {
        let of = |given: &str, kind| named(Some(given), kind);
        assert_eq!(of("body map.PDF", AttachmentKind::Pdf), "body map.PDF");
        assert_eq!(of("../../etc/passwd", AttachmentKind::Text), "passwd.txt");
        assert_eq!(of("C:\\notes\\one.txt", AttachmentKind::Text), "one.txt");
        assert_eq!(of("photo.exe", AttachmentKind::Jpeg), "photo.exe.jpg");
        assert_eq!(of("pay\u{202e}fdp.exe", AttachmentKind::Pdf), "payfdp.exe.pdf");
        assert_eq!(of("a\r\nb\".png", AttachmentKind::Png), "ab.png");
        assert_eq!(of("...", AttachmentKind::Png), "document.png");
        assert_eq!(named(None, AttachmentKind::Docx), "document.docx");
        assert_eq!(of(&"n".repeat(900), AttachmentKind::Pdf).chars().count(), NAME + 4);
    }
}
