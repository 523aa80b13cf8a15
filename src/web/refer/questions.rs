//! What the form asks, as data: which page has which questions, of whom, and where each answer
//! stands in a referral. What is said beside each is in messages/en.ftl.

use super::options::{self, Group, Listed};
use serde_json::{Map, Value};

/// What somebody answers one question after another, as a place in their own story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Danger,
    Worry,
    Children,
    Family,
    Agreement,
    Help,
    You,
}

impl Section {
    pub(super) const ALL: [Section; 7] = [
        Section::Danger,
        Section::Worry,
        Section::Children,
        Section::Family,
        Section::Agreement,
        Section::Help,
        Section::You,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Section::Danger => "danger",
            Section::Worry => "worry",
            Section::Children => "children",
            Section::Family => "family",
            Section::Agreement => "agreement",
            Section::Help => "help",
            Section::You => "you",
        }
    }
}

/// Whose answers a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Referral,
    Child,
    /// Somebody of the household, or another adult who matters.
    Person,
}

impl Of {
    /// Where they stand, one after another.
    pub(super) fn list(self) -> Option<&'static str> {
        match self {
            Of::Referral => None,
            Of::Child => Some("/children"),
            Of::Person => Some("/household/people"),
        }
    }

    /// More are not taken: a form with more was not written by a person.
    pub(super) fn most(self) -> usize {
        match self {
            Of::Referral => 1,
            Of::Child => 20,
            Of::Person => 40,
        }
    }
}

/// How something is answered.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A line. Characters that it is wide, and what browsers may fill in.
    Line(u8, &'static str),
    /// Some lines, of this height.
    Words(u8),
    /// One on each line, kept as a list.
    Lines,
    /// Day, month and year.
    Date,
    Number,
    /// One of these.
    One(fn() -> Vec<Listed>),
    /// Any of these, under headings. What else the same list holds stays.
    Any(fn() -> Vec<Group>),
    /// `yes`, or nothing.
    Tick,
}

/// One question.
pub(super) struct Field {
    pub(super) id: &'static str,
    /// Where the answer stands, from whom it is about.
    pub(super) at: &'static str,
    pub(super) kind: Kind,
    /// It is asked for before going on, once.
    pub(super) needed: bool,
}

/// One page.
pub(super) struct Page {
    pub(super) id: &'static str,
    pub(super) section: Section,
    pub(super) of: Of,
    /// It is part of the shortest way.
    pub(super) core: bool,
    /// Whether it is asked, by what is known of whom it is about, and of everything.
    pub(super) asked: fn(&Value, &Map<String, Value>) -> bool,
    pub(super) fields: &'static [Field],
}

const fn field(id: &'static str, at: &'static str, kind: Kind) -> Field {
    Field { id, at, kind, needed: false }
}

const fn needed(id: &'static str, at: &'static str, kind: Kind) -> Field {
    Field { id, at, kind, needed: true }
}

const fn page(
    id: &'static str,
    section: Section,
    of: Of,
    core: bool,
    fields: &'static [Field],
) -> Page {
    Page { id, section, of, core, asked: |_, _| true, fields }
}

const YES_NO: Kind = Kind::One(options::yes_no);

fn says(of: &Value, name: &str, answer: &str) -> bool {
    of.get(name).is_some_and(|value| value == answer)
}

use Of::{Child, Person, Referral};
use Section::{Agreement, Children, Danger, Family, Help, Worry, You};

/// Every page, in the order in which they are asked.
pub(super) static PAGES: &[Page] = &[
    page(
        "danger",
        Danger,
        Referral,
        true,
        &[needed("danger", "/danger_now", Kind::One(options::danger))],
    ),
    Page {
        asked: |_, all| all.get("danger_now").is_none_or(|danger| danger != "no"),
        ..page(
            "telephone",
            Danger,
            Referral,
            true,
            &[field("telephoned", "/telephone_first", Kind::One(options::telephoned))],
        )
    },
    page(
        "worry",
        Worry,
        Referral,
        true,
        &[
            needed("worry", "/worry", Kind::Words(10)),
            field("trusted", "/indicators", Kind::Any(options::trusted)),
        ],
    ),
    page(
        "signs",
        Worry,
        Referral,
        false,
        &[field("signs", "/indicators", Kind::Any(options::signs))],
    ),
    page(
        "happened",
        Worry,
        Referral,
        false,
        &[
            field("what", "/harm/0/what", Kind::Words(4)),
            field("when", "/harm/0/when", Kind::Line(30, "off")),
            field("where", "/harm/0/place", Kind::Line(30, "off")),
            field("who", "/harm/0/who", Kind::Line(30, "off")),
            field("words", "/harm/0/exact_words", Kind::Words(4)),
        ],
    ),
    page("body", Worry, Referral, false, &[field("body", "/harm/0/body_map", Kind::Words(4))]),
    page(
        "concerns",
        Worry,
        Referral,
        false,
        &[field("concerns", "/concerns", Kind::Any(options::concerns))],
    ),
    page(
        "child",
        Children,
        Child,
        true,
        &[
            needed("given", "/given_name", Kind::Line(20, "off")),
            field("family", "/family_name", Kind::Line(20, "off")),
            field("born", "/date_of_birth", Kind::Date),
            field("age", "/estimated_age", Kind::Number),
            field("description", "/description", Kind::Line(40, "off")),
            field("unborn", "/unborn", Kind::Tick),
        ],
    ),
    Page {
        asked: |child, _| says(child, "unborn", "yes"),
        ..page(
            "unborn",
            Children,
            Child,
            true,
            &[
                field("due", "/expected_date", Kind::Date),
                field("mother", "/mother_name", Kind::Line(30, "off")),
            ],
        )
    },
    Page {
        asked: |child, _| !says(child, "unborn", "yes"),
        ..page(
            "child-words",
            Children,
            Child,
            false,
            &[
                field("own-words", "/own_words", Kind::Words(5)),
                field("seen", "/seen", YES_NO),
                field("seen-alone", "/seen_alone", YES_NO),
                field("seen-on", "/seen_on", Kind::Date),
            ],
        )
    },
    Page {
        asked: |child, _| !says(child, "unborn", "yes"),
        ..page(
            "child-now",
            Children,
            Child,
            false,
            &[field("now", "/location_now", Kind::Line(40, "off"))],
        )
    },
    page(
        "child-home",
        Children,
        Child,
        false,
        &[
            field("lines", "/address/lines", Kind::Line(40, "off")),
            field("town", "/address/town", Kind::Line(20, "off")),
            field("postcode", "/address/postcode", Kind::Line(10, "off")),
            field("withheld", "/address/withheld_from", Kind::Lines),
        ],
    ),
    page(
        "child-services",
        Children,
        Child,
        false,
        &[
            field("school", "/school/name", Kind::Line(40, "off")),
            field("gp", "/gp/name", Kind::Line(40, "off")),
            field("health-visitor", "/health_visitor/name", Kind::Line(40, "off")),
            field("social-worker", "/social_worker", Kind::Line(40, "off")),
            field("nhs", "/nhs_number", Kind::Line(20, "off")),
            field("upn", "/upn", Kind::Line(20, "off")),
        ],
    ),
    Page {
        asked: |child, _| !says(child, "unborn", "yes"),
        ..page(
            "child-about",
            Children,
            Child,
            false,
            &[
                field("sex", "/sex", Kind::One(options::sex)),
                field("ethnicity", "/ethnicity", Kind::Line(30, "off")),
                field("language", "/language", Kind::Line(20, "off")),
                field("interpreter", "/interpreter", YES_NO),
                field("disabilities", "/disabilities", Kind::Any(options::disabilities)),
                field("disability-detail", "/disability_detail", Kind::Words(3)),
                field("fostering", "/private_fostering", YES_NO),
            ],
        )
    },
    Page {
        asked: |child, _| !says(child, "unborn", "yes"),
        ..page(
            "child-contact",
            Children,
            Child,
            false,
            &[
                field("how", "/contact/how", Kind::Line(40, "off")),
                field("when", "/contact/when", Kind::Line(40, "off")),
                field("telephone", "/contact/telephone", Kind::Line(20, "off")),
                field("voicemail", "/contact/voicemail", YES_NO),
                field("agrees", "/agreement/agreed", Kind::One(options::yes_no_refused)),
            ],
        )
    },
    page(
        "person",
        Family,
        Person,
        false,
        &[
            field("name", "/name", Kind::Line(30, "off")),
            field("relationship", "/relationship", Kind::Line(20, "off")),
            field("born", "/date_of_birth", Kind::Date),
            field("lives", "/lives_with_child", YES_NO),
            field("responsible", "/parental_responsibility", YES_NO),
        ],
    ),
    page(
        "person-safety",
        Family,
        Person,
        false,
        &[
            field("alleged", "/alleged_to_have_harmed", YES_NO),
            field("access", "/has_access_to_child", YES_NO),
            field("protective", "/protective", YES_NO),
        ],
    ),
    page(
        "person-contact",
        Family,
        Person,
        false,
        &[
            field("telephone", "/contact/telephone", Kind::Line(20, "off")),
            field("how", "/contact/how", Kind::Line(40, "off")),
            field("voicemail", "/contact/voicemail", YES_NO),
            field("language", "/language", Kind::Line(20, "off")),
            field("interpreter", "/interpreter", YES_NO),
        ],
    ),
    page(
        "told",
        Agreement,
        Referral,
        false,
        &[
            field("informed", "/agreement/informed", YES_NO),
            field("agreed", "/agreement/agreed", Kind::One(options::yes_no_refused)),
            field("reason", "/agreement/reason", Kind::Words(3)),
        ],
    ),
    page(
        "quiet",
        Agreement,
        Referral,
        false,
        &[
            field("do-not-alert", "/do_not_alert", YES_NO),
            field("confidential", "/keep_confidential", Kind::Words(3)),
            field("withheld", "/referrer/withheld_from_family", YES_NO),
        ],
    ),
    page(
        "well",
        Help,
        Referral,
        false,
        &[
            field("going-well", "/domains/going_well", Kind::Words(4)),
            field("must-change", "/domains/what_must_change", Kind::Words(4)),
            field("scale", "/domains/scale", Kind::Number),
        ],
    ),
    page(
        "life",
        Help,
        Referral,
        false,
        &[
            field("development", "/domains/development", Kind::Words(4)),
            field("parenting", "/domains/parenting", Kind::Words(4)),
            field("around", "/domains/family_and_environment", Kind::Words(4)),
        ],
    ),
    page(
        "earlier",
        Help,
        Referral,
        false,
        &[
            field("assessment", "/earlier_help/assessment", YES_NO),
            field("team", "/earlier_help/team_around_child", YES_NO),
            field("lead", "/earlier_help/lead_professional", Kind::Line(30, "off")),
            field("previous", "/earlier_help/previous_referrals", Kind::Words(2)),
            field("request", "/request", Kind::One(options::request)),
        ],
    ),
    page(
        "visits",
        Help,
        Referral,
        false,
        &[
            field("violence", "/worker_safety/violence", YES_NO),
            field("dogs", "/worker_safety/dogs", YES_NO),
            field("weapons", "/worker_safety/weapons", YES_NO),
            field("detail", "/worker_safety/detail", Kind::Words(3)),
        ],
    ),
    page(
        "you",
        You,
        Referral,
        true,
        &[
            needed("name", "/referrer/name", Kind::Line(30, "name")),
            field("role", "/referrer/role", Kind::Line(30, "organization-title")),
            field("telephone", "/referrer/telephone", Kind::Line(20, "tel")),
            field("email", "/referrer/email", Kind::Line(30, "email")),
            field("consulted", "/safeguarding_lead_consulted", YES_NO),
        ],
    ),
];

/// The page of this name.
pub(super) fn page_named(id: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.id == id)
}
