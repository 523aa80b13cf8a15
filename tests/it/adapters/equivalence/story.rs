//! A story: what one sender knows, in no format. All people are invented.

use proptest::collection::vec;
use proptest::option::{self, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(super) type Day = jiff::civil::Date;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    No,
    NotKnown,
}

#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) referrer: Referrer,
    pub(super) children: Vec<Child>,
    pub(super) people: Vec<Person>,
    pub(super) home: Option<Home>,
    pub(super) worry: String,
    pub(super) danger: Option<Told>,
    pub(super) concerns: Vec<Concern>,
    pub(super) signs: Vec<&'static str>,
    pub(super) informed: Option<Told>,
    pub(super) agreed: Option<Told>,
    pub(super) reason: Option<String>,
    pub(super) do_not_alert: Option<Told>,
    pub(super) request: Option<&'static str>,
    pub(super) level: Option<&'static str>,
    pub(super) written: Option<Day>,
    pub(super) message_id: String,
    pub(super) withdrawn: bool,
    /// Which of several ways of writing the same the sender has.
    pub(super) hand: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Referrer {
    pub(super) given: String,
    pub(super) family: String,
    pub(super) role: Option<&'static str>,
    pub(super) agency: &'static str,
    pub(super) telephone: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Child {
    /// An unborn child has none.
    pub(super) given: Option<String>,
    pub(super) family: Option<String>,
    pub(super) age: Age,
    pub(super) sex: Option<&'static str>,
    pub(super) nhs_number: Option<String>,
    pub(super) words: Option<String>,
    /// Who carries an unborn child.
    pub(super) mother: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Age {
    Born(Day),
    Years(u8),
    Unborn(Option<Day>),
    NotSaid,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) given: String,
    pub(super) family: Option<String>,
    pub(super) relationship: Option<&'static str>,
    pub(super) born: Option<Day>,
    pub(super) lives_with_child: Option<Told>,
    pub(super) responsible: Option<Told>,
    pub(super) alleged: bool,
    pub(super) access: Option<Told>,
    pub(super) telephone: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) lines: String,
    pub(super) town: Option<&'static str>,
    pub(super) postcode: Option<&'static str>,
    pub(super) withheld_from: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Concern {
    pub(super) code: &'static str,
    /// As the census calls it; some formats have words of their own.
    pub(super) words: String,
}

impl Story {
    /// Of several ways to write the same, the one that this sender has.
    pub(super) fn way<'a, T: ?Sized>(&self, ways: &[&'a T]) -> &'a T {
        ways[self.hand % ways.len()]
    }

    pub(super) fn has_sign(&self, sign: &str) -> bool {
        self.signs.contains(&sign)
    }

    /// The canonical document.
    pub(super) fn document(&self) -> Value {
        let home = self.home.as_ref().map(Home::document);
        let children = self.children.iter().map(|child| {
            let mut document = child.document();
            document["address"] = json!(home);
            document
        });
        let concern = |concern: &Concern| json!({"code": concern.code, "detail": concern.words});
        // Whoever asks about danger and gets no answer says "unknown".
        let danger = self.danger.map(|told| match told {
            Told::NotKnown => "unknown",
            other => other.canonical(),
        });
        json!({
            "referrer": {
                "name": format!("{} {}", self.referrer.given, self.referrer.family),
                "role": self.referrer.role,
                "agency": self.referrer.agency,
                "telephone": self.referrer.telephone,
            },
            "children": children.collect::<Vec<_>>(),
            "household": {"people": self.people.iter().map(Person::document).collect::<Vec<_>>()},
            "worry": self.worry,
            "danger_now": danger,
            "concerns": self.concerns.iter().map(concern).collect::<Vec<_>>(),
            "indicators": self.signs,
            "agreement": {
                "informed": self.informed.map(Told::canonical),
                "agreed": self.agreed.map(Told::canonical),
                "reason": self.reason,
            },
            "do_not_alert": self.do_not_alert.map(Told::canonical),
            "request": self.request,
            "level_claimed": self.level,
            "form_date": self.written.map(|day| day.to_string()),
            "source_message_id": self.message_id,
            "corrections": if self.withdrawn { json!([{"kind": "cancelled"}]) } else { json!([]) },
        })
    }
}

impl Told {
    pub(super) fn canonical(self) -> &'static str {
        match self {
            Told::Yes => "yes",
            Told::No => "no",
            Told::NotKnown => "not-known",
        }
    }
}

impl Child {
    pub(super) fn born(&self) -> Option<Day> {
        if let Age::Born(day) = self.age { Some(day) } else { None }
    }

    pub(super) fn years(&self) -> Option<u8> {
        if let Age::Years(years) = self.age { Some(years) } else { None }
    }

    pub(super) fn is_unborn(&self) -> bool {
        matches!(self.age, Age::Unborn(_))
    }

    pub(super) fn due(&self) -> Option<Day> {
        if let Age::Unborn(day) = self.age { day } else { None }
    }

    pub(super) fn whole_name(&self) -> String {
        let parts = [self.given.as_deref(), self.family.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn document(&self) -> Value {
        json!({
            "given_name": self.given,
            "family_name": self.family,
            "date_of_birth": self.born().map(|day| day.to_string()),
            "estimated_age": self.years(),
            "unborn": self.is_unborn().then_some("yes"),
            "expected_date": self.due().map(|day| day.to_string()),
            "sex": self.sex,
            "nhs_number": self.nhs_number,
            "own_words": self.words,
            "mother_name": self.mother,
        })
    }
}

impl Person {
    pub(super) fn whole_name(&self) -> String {
        let parts = [Some(self.given.as_str()), self.family.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn document(&self) -> Value {
        json!({
            "name": self.whole_name(),
            "relationship": self.relationship,
            "date_of_birth": self.born.map(|day| day.to_string()),
            "lives_with_child": self.lives_with_child.map(Told::canonical),
            "parental_responsibility": self.responsible.map(Told::canonical),
            "alleged_to_have_harmed": self.alleged.then_some("yes"),
            "has_access_to_child": self.access.map(Told::canonical),
            "telephone": self.telephone,
        })
    }
}

impl Home {
    fn document(&self) -> Value {
        json!({
            "lines": self.lines,
            "town": self.town,
            "postcode": self.postcode,
            "withheld_from": self.withheld_from,
        })
    }
}

/// The day of the decision, on which every story is told.
fn today() -> Day {
    jiff::civil::date(2026, 11, 24)
}

fn before(days: i64) -> Day {
    today().checked_sub(jiff::Span::new().days(days)).expect("a day")
}

/// `999`, six digits, and the digit that checks them; some prefixes have none.
fn nhs_number(six: u32) -> Option<String> {
    let nine = format!("999{six:06}");
    let sum: u32 = nine.bytes().zip((2..=10).rev()).map(|(b, n)| u32::from(b - b'0') * n).sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(format!("{nine}0")),
        check => Some(format!("{nine}{check}")),
    }
}

fn told() -> impl Strategy<Value = Option<Told>> {
    option::of(select(vec![Told::Yes, Told::No, Told::NotKnown]))
}

fn telephone() -> impl Strategy<Value = Option<String>> {
    option::of((0..1000_u32).prop_map(|last| format!("01632960{last:03}")))
}

const GIVEN: [&str; 10] =
    ["Ava", "Zoë", "Siân", "Sami", "Noor", "Jean-Luc", "D'Arcy", "Łucja", "Mary Ann", "Ö"];
const FAMILY: [&str; 8] =
    ["Lowe", "O'Brien", "Núñez-Smith", "Farrow", "de Vries", "Ashdown", "Khan", "Müller"];

fn name(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(of).prop_map(str::to_owned)
}

/// What breaks formats, and what a person reads: quotes, separators, line breaks, markup, escapes.
const PIECES: [&str; 22] = [
    "Bedtimes are hard and mum is tired.",
    "He said \"it was nothing\", and looked away.",
    "Mum & Dad both work nights; gran helps, mostly.",
    "Le garçon est fatigué – très fatigué…",
    "She was late four times: Mon, Tue, Wed & Thu.",
    "ڈر لگتا ہے",
    "Form says |^~\\&| in every box.",
    "Path C:\\.br\\T\\F\\ was printed on it.",
    "=HYPERLINK(\"http://example.invalid\",\"see\")",
    "<b>bold</b> &amp; <!-- not markup --> ]]>",
    "It's 'fine', they say.",
    "1|2|3;4;5\t6",
    "¿Qué pasó? Nobody knows…",
    "Costs £12.50 (100% of it).",
    "There is a knife under the bed.",
    "She says she wants to die.",
    "No evidence of sexual abuse.",
    "{\"json\": [1, 2]}",
    "A bruise, 2 cm, left ear.",
    "''\"\"''",
    "Old form: a~b~~c^^d, and a&b.",
    "👶🏽 is what he drew.",
];

/// One to four pieces with blanks, line breaks or an empty line between them.
fn text() -> impl Strategy<Value = String> {
    let between = select(vec![" ", "\n", "\n\n", ", ", "  "]);
    (vec(select(PIECES.to_vec()), 1..=4), between).prop_map(|(pieces, gap)| pieces.join(gap))
}

fn child() -> impl Strategy<Value = Child> {
    let age = prop_oneof![
        5 => (1..6_500_i64).prop_map(|days| Age::Born(before(days))),
        2 => (0..18_u8).prop_map(Age::Years),
        2 => option::of(10..250_i64).prop_map(|days| Age::Unborn(days.map(|n| before(-n)))),
        1 => Just(Age::NotSaid),
    ];
    let number = weighted(0.6, 0..1_000_000_u32);
    let sex = option::of(select(vec!["M", "F", "U"]));
    let names = (name(&GIVEN), weighted(0.9, name(&FAMILY)));
    (names, age, sex, number, weighted(0.5, text())).prop_map(|(names, age, sex, number, words)| {
        let unborn = matches!(age, Age::Unborn(_));
        let (given, family) = names;
        Child {
            // Somebody must be named.
            family: if unborn { family.or(Some("Lowe".to_owned())) } else { family },
            given: (!unborn).then_some(given),
            age,
            sex: sex.filter(|_| !unborn),
            nhs_number: number.filter(|_| !unborn).and_then(nhs_number),
            words: words.filter(|_| !unborn),
            mother: None,
        }
    })
}

fn person() -> impl Strategy<Value = Person> {
    let relationship = weighted(
        0.9,
        select(vec!["mother", "father", "mother's partner", "grandmother", "uncle", "Père"]),
    );
    let born = option::of((7_300..20_000_i64).prop_map(before));
    let names = (name(&GIVEN), weighted(0.8, name(&FAMILY)));
    (names, relationship, born, told(), told(), proptest::bool::weighted(0.2), told(), telephone())
        .prop_map(|(names, relationship, born, lives, responsible, alleged, access, telephone)| {
            Person {
                given: names.0,
                family: names.1,
                relationship,
                born,
                lives_with_child: lives,
                responsible,
                alleged,
                access,
                telephone,
            }
        })
}

/// Up to three people with different names, of whom at most one is said to have harmed.
fn people() -> impl Strategy<Value = Vec<Person>> {
    vec(person(), 0..=3).prop_map(|mut people| {
        people.sort_by_key(Person::whole_name);
        people.dedup_by_key(|person| person.whole_name());
        let mut one = true;
        for person in &mut people {
            person.alleged &= one;
            one &= !person.alleged;
        }
        people
    })
}

/// In each locality, and outside.
const POSTCODES: [&str; 6] = ["OL14 5AA", "HD6 1AB", "HX1 1AA", "HX3 5AA", "HX7 5AA", "M1 1AE"];

fn home() -> impl Strategy<Value = Option<Home>> {
    let lines = select(vec!["14 Shuttle Fold", "Flat 2, 9 Teasel Road", "O'Hara's Fold & Mill"]);
    let withheld = subsequence(vec!["Dean Frost", "Uncle Rafiq"], 0..=2);
    let withheld = prop_oneof![2 => Just(vec![]), 1 => withheld];
    let town = weighted(0.7, select(vec!["Halifax", "Hebden Bridge"]));
    weighted(
        0.9,
        (lines, town, weighted(0.9, select(POSTCODES.to_vec())), withheld).prop_map(
            |(lines, town, postcode, withheld_from)| Home {
                lines: lines.to_owned(),
                town,
                postcode,
                withheld_from,
            },
        ),
    )
}

fn referrer() -> impl Strategy<Value = Referrer> {
    let role = weighted(0.8, select(vec!["Health visitor", "Team manager", "Teacher & SENCo"]));
    let agency = select(vec!["Calder Example Trust", "Sample & Sons' School", "Valley Homes"]);
    (name(&GIVEN), name(&FAMILY), role, agency, telephone()).prop_map(
        |(given, family, role, agency, telephone)| Referrer {
            given,
            family,
            role,
            agency,
            telephone,
        },
    )
}

/// Concerns that every format can tick.
const CONCERNS: [(&str, &str); 6] = [
    ("16A", "Neglect"),
    ("17A", "Emotional abuse"),
    ("18A", "Physical abuse"),
    ("3A", "Domestic abuse"),
    ("7A", "Young carer"),
    ("15A", "Self-harm"),
];

const SIGNS: [&str; 4] = ["disclosure", "child-alone", "unexplained-injury", "missing-now"];

fn ticked() -> impl Strategy<Value = (Vec<Concern>, Vec<&'static str>)> {
    let concerns = subsequence(CONCERNS.to_vec(), 0..=2).prop_map(|some| {
        let concern = |(code, words): (&'static str, &str)| Concern { code, words: words.into() };
        some.into_iter().map(concern).collect::<Vec<_>>()
    });
    let signs = prop_oneof![3 => Just(vec![]), 1 => subsequence(SIGNS.to_vec(), 1..=2)];
    (concerns, signs)
}

/// Whether the family knows and agrees, and why not.
fn agreement() -> impl Strategy<Value = (Option<Told>, Option<Told>, Option<String>)> {
    (told(), told(), weighted(0.4, text()))
}

/// A request for early help with everybody's agreement, and nothing grave: most go to a panel.
fn quiet(story: Story) -> Story {
    let mild = PIECES[story.hand % 6];
    Story {
        children: story.children.into_iter().map(|one| Child { words: None, ..one }).collect(),
        people: story.people.into_iter().map(|one| Person { alleged: false, ..one }).collect(),
        worry: mild.to_owned(),
        danger: story.danger.map(|_| Told::No),
        concerns: story.concerns.into_iter().filter(|concern| concern.code == "7A").collect(),
        signs: Vec::new(),
        informed: Some(Told::Yes),
        agreed: Some(Told::Yes),
        reason: None,
        do_not_alert: story.do_not_alert.map(|_| Told::No),
        request: Some("early-help"),
        level: story.level.map(|_| "2"),
        ..story
    }
}

pub(super) fn story() -> impl Strategy<Value = Story> {
    let whole = (referrer(), vec(child(), 1..=3), people(), home(), text());
    let request = option::of(select(vec!["early-help", "assessment", "protection", "advice"]));
    let level = weighted(0.3, select(vec!["2", "Level 4", "5", "High"]));
    let answers = (told(), told(), request, level);
    let form = (option::of((0..30_i64).prop_map(before)), 1..100_000_u32, 0..60_usize);
    let withdrawn = proptest::bool::weighted(0.15);
    let all = (whole, ticked(), agreement(), answers, form, withdrawn);
    let any = all.prop_map(|(whole, ticked, agreement, answers, form, withdrawn)| {
        let (referrer, children, people, home, worry) = whole;
        let (concerns, signs) = ticked;
        let (informed, agreed, reason) = agreement;
        let (danger, do_not_alert, request, level) = answers;
        let (written, number, hand) = form;
        let mother = people.iter().find(|person| person.relationship == Some("mother"));
        let mother = mother.map(Person::whole_name);
        let children = children.into_iter().map(|child| {
            let mother = mother.clone().filter(|_| child.is_unborn());
            Child { mother, ..child }
        });
        let children = children.collect();
        Story {
            referrer,
            children,
            people,
            home,
            worry,
            danger,
            concerns,
            signs,
            informed,
            agreed,
            reason,
            do_not_alert,
            request,
            level,
            written,
            message_id: format!("EX-{number}/26"),
            withdrawn,
            hand,
        }
    });
    (any, proptest::bool::weighted(0.3))
        .prop_map(|(story, calm)| if calm { quiet(story) } else { story })
}
