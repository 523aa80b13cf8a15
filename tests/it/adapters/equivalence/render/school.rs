//! Export of a school's safeguarding system: a row for a pupil, whose siblings are a list of names.

use super::{
    COMMON, FIRST_CHILD, Format, cell, grouped, sheet_date, sheet_telephone, table, typed,
};
use crate::adapters::equivalence::story::{Age, Child, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;

pub(super) const FORMAT: Format = Format {
    name: "school-csv",
    adapter: "school-csv",
    decoder: Decoder::Csv,
    render,
    expresses: &[
        COMMON,
        FIRST_CHILD,
        // A sibling is a name with a date of birth, or without one.
        &["/children/*/date_of_birth", "/concerns/*/detail", "/indicators/*", "/request"],
    ],
    // The school sends, so it is the pupil's; the person who is alleged to have done it is also
    // whose harm it is.
    adds: &["/referrer/source", "/children/0/school/name", "/harm/*/who"],
    as_told,
};

/// Contacts of the pupil are not asked whether they can reach the child; of the person who is
/// alleged it is asked, and little else.
fn as_told(story: &mut Story) {
    for person in &mut story.people {
        if person.alleged {
            person.lives_with_child = None;
            person.responsible = None;
            person.born = None;
            person.telephone = None;
        } else {
            person.access = None;
        }
    }
}

type Cell = (&'static str, Option<String>);

fn render(story: &Story) -> Vec<u8> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let told = |told: Option<Told>| told.map(|told| cell(story, told));
    let concerns: Vec<&str> = story.concerns.iter().map(|concern| concern.words.as_str()).collect();
    let sign = |sign| story.has_sign(sign).then(|| cell(story, Told::Yes));
    let referrer = &story.referrer;
    let mut cells: Vec<Cell> = vec![
        ("Incident ID", Some(story.message_id.clone())),
        ("Status", story.withdrawn.then(|| story.way(&["Withdrawn", "Deleted"]).to_owned())),
        ("Date", story.written.map(|day| sheet_date(story, day))),
        ("Category", Some(concerns.join(story.way(&["; ", ", ", "|", "\n"])))),
        ("Incident Text", Some(story.worry.clone())),
        ("Immediate Danger?", told(story.danger)),
        ("Child made disclosure", sign("disclosure")),
        ("CHILD ALONE", sign("child-alone")),
        ("Unexplained Injury", sign("unexplained-injury")),
        ("Missing Now", sign("missing-now")),
        ("Parents' informed", told(story.informed)),
        ("Parents agreed", told(story.agreed)),
        ("Parents Reason", text(story.reason.as_deref())),
        ("Do Not Alert", told(story.do_not_alert)),
        ("Request", text(story.request)),
        ("Level of Need", text(story.level)),
        ("School", text(Some(referrer.agency))),
        ("DSL Name", Some(format!("{} {}", referrer.given, referrer.family))),
        ("DSL Role", text(referrer.role)),
        (
            "DSL Telephone",
            referrer.telephone.as_deref().map(|number| sheet_telephone(story, number)),
        ),
    ];
    cells.extend(pupil(story, &story.children[0]));
    cells.extend(siblings(story));
    cells.extend(people(story));
    table(story, &cells)
}

fn pupil(story: &Story, child: &Child) -> Vec<Cell> {
    let home = story.home.as_ref();
    let secret = home.map(|home| home.withheld_from.join("; "));
    let sex = child.sex.map(|sex| match sex {
        "M" => story.way(&["Male", "M", "boy"]).to_owned(),
        "F" => story.way(&["Female", "F", "girl"]).to_owned(),
        other => other.to_owned(),
    });
    let mut cells = vec![
        ("DOB", child.born().map(|day| sheet_date(story, day))),
        ("Estimated Age", child.years().map(|years| years.to_string())),
        ("Unborn", child.is_unborn().then(|| cell(story, Told::Yes))),
        ("Expected Date", child.due().map(|day| sheet_date(story, day))),
        ("Gender", sex),
        ("NHS Number", child.nhs_number.as_deref().map(|number| grouped(story, number))),
        ("Voice of the Child", child.words.clone()),
        ("Mother Name", child.mother.clone()),
        ("Address", home.map(|home| home.lines.clone())),
        ("Town", home.and_then(|home| home.town).map(str::to_owned)),
        ("Postcode", home.and_then(|home| home.postcode).map(|code| typed(story, code))),
        ("Address Withheld From", secret),
    ];
    // One column for the name, surname first; or two.
    match (&child.given, &child.family) {
        (Some(given), Some(family)) if story.hand % 2 == 0 => {
            cells.push(("Pupil Name", Some(format!("{family}, {given}"))));
        }
        (given, family) => {
            cells.push(("Forename", given.clone()));
            cells.push(("Surname", family.clone()));
        }
    }
    cells
}

fn siblings(story: &Story) -> Vec<Cell> {
    let sibling = |child: &Child| match child.age {
        Age::Born(day) => format!("{} ({})", child.whole_name(), day.strftime("%d/%m/%Y")),
        _ => child.whole_name(),
    };
    let siblings: Vec<String> = story.children[1..].iter().map(sibling).collect();
    let included = (!siblings.is_empty()).then(|| cell(story, Told::Yes));
    vec![
        ("Siblings", Some(siblings.join(story.way(&["; ", "\n"])))),
        ("Siblings Included", included),
    ]
}

fn people(story: &Story) -> Vec<Cell> {
    const COLUMNS: [[&str; 6]; 3] = [
        [
            "Contact 1 Name",
            "Contact 1 Relationship",
            "Contact 1 DOB",
            "Contact 1 Lives With Pupil",
            "Contact 1 Parental Responsibility",
            "Contact 1 Telephone",
        ],
        [
            "Contact 2 Name",
            "Contact 2 Relationship",
            "Contact 2 DOB",
            "Contact 2 Lives With Pupil",
            "Contact 2 Parental Responsibility",
            "Contact 2 Telephone",
        ],
        [
            "Contact 3 Name",
            "Contact 3 Relationship",
            "Contact 3 DOB",
            "Contact 3 Lives With Pupil",
            "Contact 3 Parental Responsibility",
            "Contact 3 Telephone",
        ],
    ];
    let told = |told: Option<Told>| told.map(|told| cell(story, told));
    let contacts = story.people.iter().filter(|person| !person.alleged);
    let of = |(columns, person): (&[&'static str; 6], &Person)| {
        let number = person.telephone.as_deref().map(|number| sheet_telephone(story, number));
        columns
            .iter()
            .copied()
            .zip([
                Some(person.whole_name()),
                person.relationship.map(str::to_owned),
                person.born.map(|day| sheet_date(story, day)),
                told(person.lives_with_child),
                told(person.responsible),
                number,
            ])
            .collect::<Vec<Cell>>()
    };
    let mut cells: Vec<Cell> = COLUMNS.iter().zip(contacts).flat_map(of).collect();
    for person in story.people.iter().filter(|person| person.alleged) {
        cells.push(("Alleged Person", Some(person.whole_name())));
        cells.push(("Alleged Person Relationship", person.relationship.map(str::to_owned)));
        cells.push(("Alleged Person Has Access", told(person.access)));
    }
    cells
}
