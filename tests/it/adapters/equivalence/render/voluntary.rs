//! A charity's spreadsheet: a row for a child and two adults; others are lists of names.

use super::{
    COMMON, FIRST_CHILD, Format, cell, grouped, sheet_date, sheet_telephone, table, typed,
};
use crate::adapters::equivalence::story::{Age, Child, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;

pub(super) const FORMAT: Format = Format {
    name: "voluntary-csv",
    adapter: "voluntary-csv",
    decoder: Decoder::Csv,
    render,
    expresses: &[
        COMMON,
        FIRST_CHILD,
        &[
            // Another child is a name with a date of birth, an age, or neither.
            "/children/*/date_of_birth",
            "/children/*/estimated_age",
            "/concerns/*/detail",
            "/indicators/disclosure",
            "/indicators/child-alone",
            "/indicators/missing-now",
            "/request",
        ],
    ],
    adds: &["/referrer/source"],
    as_told,
};

/// Whoever is neither of the two adults of the row lives there, by a name and what they are.
fn as_told(story: &mut Story) {
    story.people.truncate(3);
    if let Some(person) = story.people.get_mut(2) {
        *person = Person {
            lives_with_child: Some(Told::Yes),
            responsible: None,
            born: None,
            alleged: false,
            access: None,
            telephone: None,
            ..person.clone()
        };
    }
}

type Cell = (&'static str, Option<String>);

fn render(story: &Story) -> Vec<u8> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let told = |told: Option<Told>| told.map(|told| cell(story, told));
    let sign = |sign| story.has_sign(sign).then(|| cell(story, Told::Yes));
    let concerns: Vec<&str> = story.concerns.iter().map(|concern| concern.words.as_str()).collect();
    let referrer = &story.referrer;
    let mut cells: Vec<Cell> = vec![
        ("Ref", Some(story.message_id.clone())),
        ("Status", story.withdrawn.then(|| story.way(&["Withdrawn", "Sent in error"]).to_owned())),
        ("Referral Date", story.written.map(|day| sheet_date(story, day))),
        ("Worker", Some(format!("{} {}", referrer.given, referrer.family))),
        ("Job Title", text(referrer.role)),
        ("Organisation", text(Some(referrer.agency))),
        (
            "Worker Phone",
            referrer.telephone.as_deref().map(|number| sheet_telephone(story, number)),
        ),
        ("Worry", Some(story.worry.clone())),
        ("Kind of Worry", Some(concerns.join(story.way(&["; ", ", ", "|", "\n"])))),
        ("Child Told Us", sign("disclosure")),
        ("Child Alone", sign("child-alone")),
        ("Missing Now", sign("missing-now")),
        ("Immediate Danger", told(story.danger)),
        ("Parents Told", told(story.informed)),
        ("Parents Agree?", told(story.agreed)),
        ("Reason", text(story.reason.as_deref())),
        ("Do Not Alert", told(story.do_not_alert)),
        ("Request", text(story.request)),
        ("Level", text(story.level)),
    ];
    cells.extend(first(story, &story.children[0]));
    cells.extend(people(story));
    table(story, &cells)
}

fn first(story: &Story, child: &Child) -> Vec<Cell> {
    let home = story.home.as_ref();
    let other = |child: &Child| match child.age {
        Age::Born(day) => format!("{} ({})", child.whole_name(), day.strftime("%d/%m/%Y")),
        Age::Years(years) => format!("{} ({years})", child.whole_name()),
        Age::Unborn(_) | Age::NotSaid => child.whole_name(),
    };
    let others: Vec<String> = story.children[1..].iter().map(other).collect();
    let age = child.years().map(|years| match story.hand % 3 {
        0 => years.to_string(),
        1 => format!("{years} yrs"),
        _ => format!("{years} years old"),
    });
    let mut cells = vec![
        ("DOB", child.born().map(|day| sheet_date(story, day))),
        ("Age", age),
        ("Unborn", child.is_unborn().then(|| cell(story, Told::Yes))),
        ("Due Date", child.due().map(|day| sheet_date(story, day))),
        ("Gender", child.sex.map(str::to_owned)),
        ("NHS Number", child.nhs_number.as_deref().map(|number| grouped(story, number))),
        ("Child's Words", child.words.clone()),
        ("Mother Name", child.mother.clone()),
        ("Other Children Referred", Some(others.join(story.way(&["; ", "|", "\n"])))),
        ("Town", home.and_then(|home| home.town).map(str::to_owned)),
        ("Address Secret From", home.map(|home| home.withheld_from.join("; "))),
    ];
    let postcode = home.and_then(|home| home.postcode).map(|code| typed(story, code));
    match (home, postcode) {
        // The postcode at the end of the address.
        (Some(home), Some(code)) if story.hand % 2 == 0 => {
            cells.push(("Address", Some(format!("{}, {code}", home.lines))));
        }
        (home, postcode) => {
            cells.push(("Address", home.map(|home| home.lines.clone())));
            cells.push(("Postcode", postcode));
        }
    }
    match (&child.given, &child.family) {
        (Some(given), Some(family)) if story.hand % 2 == 1 => {
            cells.push(("Child Name", Some(format!("{family}, {given}"))));
        }
        (given, family) => {
            cells.push(("Child First Name", given.clone()));
            cells.push(("Child Last Name", family.clone()));
        }
    }
    cells
}

fn people(story: &Story) -> Vec<Cell> {
    const COLUMNS: [[&str; 8]; 2] = [
        [
            "Parent Name",
            "Parent Relationship",
            "Parent DOB",
            "Parent Lives With Child",
            "Parent Parental Responsibility",
            "Parent Alleged",
            "Parent Has Access",
            "Parent Phone",
        ],
        [
            "Second Adult Name",
            "Second Adult Relationship",
            "Second Adult DOB",
            "Second Adult Lives With Child",
            "Second Adult Parental Responsibility",
            "Second Adult Alleged",
            "Second Adult Has Access",
            "Second Adult Phone",
        ],
    ];
    let told = |told: Option<Told>| told.map(|told| cell(story, told));
    let adult = |(columns, person): (&[&'static str; 8], &Person)| {
        let number = person.telephone.as_deref().map(|number| sheet_telephone(story, number));
        let cells = [
            Some(person.whole_name()),
            person.relationship.map(str::to_owned),
            person.born.map(|day| sheet_date(story, day)),
            told(person.lives_with_child),
            told(person.responsible),
            person.alleged.then(|| cell(story, Told::Yes)),
            told(person.access),
            number,
        ];
        columns.iter().copied().zip(cells).collect::<Vec<Cell>>()
    };
    let mut cells: Vec<Cell> = COLUMNS.iter().zip(&story.people).flat_map(adult).collect();
    if let Some(person) = story.people.get(2) {
        let other = match person.relationship {
            Some(relationship) => format!("{} ({relationship})", person.whole_name()),
            None => person.whole_name(),
        };
        cells.push(("Others In Household", Some(other)));
    }
    cells
}
