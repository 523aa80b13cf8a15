//! HL7 v2: REF^I12, or REF^I14 which takes back. What follows a PID is about its child.

use super::{CHILDREN, COMMON, Format, grouped, typed};
use crate::adapters::equivalence::story::{Child, Home, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;

pub(super) const FORMAT: Format = Format {
    name: "health-hl7v2",
    adapter: "health-hl7v2",
    decoder: Decoder::Hl7v2,
    render,
    expresses: &[COMMON, CHILDREN, &["/concerns/*/detail", "/indicators/*", "/request"]],
    // What is said before the first child in a message that takes back is also why.
    adds: &["/referrer/source", "/corrections/*/detail"],
    as_told,
};

/// A code for a relative says yes; there is none for no.
fn as_told(story: &mut Story) {
    let yes = |told: &mut Option<Told>| *told = told.filter(|told| *told == Told::Yes);
    for person in &mut story.people {
        yes(&mut person.lives_with_child);
        yes(&mut person.responsible);
        yes(&mut person.access);
    }
}

/// Text as a component: the separators escaped, each line break as its own escape.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '|' => "\\F\\".to_owned(),
        '^' => "\\S\\".to_owned(),
        '~' => "\\R\\".to_owned(),
        '\\' => "\\E\\".to_owned(),
        '&' => "\\T\\".to_owned(),
        '\n' => "\\.br\\".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

fn told(story: &Story, told: Told) -> &str {
    let ways: [&str; 3] = match told {
        Told::Yes => ["Y", "Y^Yes^HL70136", "yes"],
        Told::No => ["N", "N^No^HL70136", "no"],
        Told::NotKnown => ["U", "UNK", "unknown"],
    };
    story.way(&ways)
}

/// An observation of ours.
fn observed(code: &str, value: &str) -> String {
    format!("OBX||CWE|{code}^{code}^99FD||{value}||||||F")
}

fn render(story: &Story) -> Vec<u8> {
    let referrer = &story.referrer;
    let day = story.written.map(|day| day.strftime("%Y%m%d").to_string()).unwrap_or_default();
    let event = if story.withdrawn { "I14" } else { "I12" };
    let agency = escaped(referrer.agency);
    // The agency is the facility that sends, or the provider's own.
    let (facility, own) = story.way(&[&(true, false), &(false, true)]);
    let facility = if *facility { format!("X1^{agency}") } else { String::new() };
    let own = if *own { agency } else { String::new() };
    let header = format!("MSH|^~\\&|EPR|{facility}|FRONTDOOR|381|{day}||REF^{event}^REF_I12|M1");
    let request = story.request.unwrap_or_default();
    let mut segments = vec![
        // MSH-11, which tells practice from earnest, is carried as a note, and is left out here.
        format!("{header}||2.5|||||||UNICODE UTF-8"),
        format!("RF1||||{request}||{}^EPR|{day}", escaped(&story.message_id)),
        format!(
            "PRD|RP^Referring provider^HL70286{}|{}^{}|||{}|||||{own}",
            referrer.role.map(|role| format!("~^{}^99CIN", escaped(role))).unwrap_or_default(),
            escaped(&referrer.family),
            escaped(&referrer.given),
            referrer.telephone.as_deref().unwrap_or_default(),
        ),
    ];
    // Of several children, what is said behind a PID would be about that child alone.
    let note = format!("NTE|1||{}", escaped(&story.worry));
    if story.children.len() > 1 {
        segments.push(note.clone());
    }
    for child in &story.children {
        segments.extend(group(story, child));
    }
    if story.children.len() == 1 {
        segments.push(note);
    }
    segments.extend(story.people.iter().map(relative));
    segments.extend(observations(story));
    let end = story.way(&["\r", "\r\n", "\n"]);
    segments.into_iter().map(|segment| segment + end).collect::<String>().into_bytes()
}

fn observations(story: &Story) -> Vec<String> {
    let answers = [
        ("DANGER", story.danger),
        ("INFORMED", story.informed),
        ("AGREED", story.agreed),
        ("NOALERT", story.do_not_alert),
    ];
    let answers =
        answers.into_iter().filter_map(|(code, answer)| Some(observed(code, told(story, answer?))));
    let words = [("REASON", story.reason.as_deref()), ("LEVEL", story.level)];
    let words = words.into_iter().filter_map(|(code, text)| Some(observed(code, &escaped(text?))));
    let concerns = story.concerns.iter().map(|concern| {
        observed("CONCERN", &format!("{}^{}^99CIN", concern.code, escaped(&concern.words)))
    });
    // Several signs are several values of one observation.
    let signs = story.signs.join("~");
    let signs = (!signs.is_empty()).then(|| observed("INDICATOR", &signs));
    answers.chain(words).chain(concerns).chain(signs).collect()
}

fn group(story: &Story, child: &Child) -> Vec<String> {
    let text = |text: Option<&str>| text.map(escaped).unwrap_or_default();
    let number = child.nhs_number.as_deref().map(|number| grouped(story, number));
    let sex = child.sex.map(|sex| match sex {
        "M" => story.way(&["M", "1"]),
        "F" => story.way(&["F", "2"]),
        _ => story.way(&["U", "9"]),
    });
    let pid = format!(
        "PID|||{}||{}^{}||{}|{}|||{}",
        number.map(|number| format!("{number}^^^NHS")).unwrap_or_default(),
        text(child.family.as_deref()),
        text(child.given.as_deref()),
        child.born().map(|day| day.strftime("%Y%m%d").to_string()).unwrap_or_default(),
        sex.unwrap_or_default(),
        story.home.as_ref().map(|home| address(story, home)).unwrap_or_default(),
    );
    let mut segments = vec![pid];
    if child.is_unborn() {
        segments.push(observed("UNBORN", told(story, Told::Yes)));
    }
    if let Some(day) = child.due() {
        let day = day.strftime("%Y%m%d");
        segments.push(format!("OBX||DT|11778-8^Delivery date^LN||{day}||||||F"));
    }
    segments.extend(child.words.as_deref().map(|words| observed("WORDS", &escaped(words))));
    let secret = story.home.iter().flat_map(|home| &home.withheld_from);
    segments.extend(secret.map(|name| observed("WITHHELDFROM", &escaped(name))));
    segments
}

fn address(story: &Story, home: &Home) -> String {
    let postcode = home.postcode.map(|code| typed(story, code)).unwrap_or_default();
    let town = home.town.unwrap_or_default();
    format!("{}^^{town}^^{postcode}^^{}", escaped(&home.lines), story.way(&["H", ""]))
}

fn relative(person: &Person) -> String {
    let yes = |told: Option<Told>| told == Some(Told::Yes);
    let roles = [
        ("AP", person.alleged),
        ("AC", yes(person.access)),
        ("HH", yes(person.lives_with_child)),
        ("PR", yes(person.responsible)),
    ];
    let roles: Vec<String> = roles
        .into_iter()
        .filter(|(_, holds)| *holds)
        .map(|(code, _)| format!("{code}^{code}^99FD"))
        .collect();
    let day = person.born.map(|day| day.strftime("%Y%m%d").to_string()).unwrap_or_default();
    format!(
        "NK1||{}^{}|{}||{}||{}|||||||||{day}",
        escaped(person.family.as_deref().unwrap_or_default()),
        escaped(&person.given),
        person.relationship.map(|of| format!("^{}", escaped(of))).unwrap_or_default(),
        person.telephone.as_deref().unwrap_or_default(),
        roles.join("~"),
    )
}
