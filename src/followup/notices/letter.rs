//! What a notice says. E-mail is read on telephones, in passing, by whoever stands near: it says
//! that something waits, where, and under which reference, and nothing of what or of whom.

use crate::domain::{Address, NoticeId, NoticeKind, Reference, Timestamp};
use jiff::tz::TimeZone;

/// A notice as it is sent: ids, times, and what stands in the configuration. There is no place in
/// it for anything that a referral says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub id: NoticeId,
    pub to: Address,
    pub kind: NoticeKind,
    /// The name of the team whose work waits.
    pub team: String,
    /// `None` for a submission that was refused.
    pub reference: Option<Reference>,
    pub since: Timestamp,
    /// By when somebody must have it.
    pub due_at: Timestamp,
    /// When it is sent.
    pub at: Timestamp,
    /// A URL.
    pub sign_in: String,
}

impl Letter {
    pub fn subject(&self) -> String {
        let what = match self.kind {
            NoticeKind::Immediate => "something immediate is waiting",
            NoticeKind::Unacknowledged => "nobody has acknowledged something immediate",
            NoticeKind::Overdue => "a clock has run out",
            NoticeKind::Alarm => "how agencies refer is out of the ordinary",
        };
        match self.reference {
            Some(reference) => format!("frontdoor: {what} ({reference})"),
            None => format!("frontdoor: {what}"),
        }
    }

    pub fn text(&self) -> String {
        if self.kind == NoticeKind::Alarm {
            return self.alarm();
        }
        let what = match self.kind {
            NoticeKind::Immediate => "Something immediate is waiting for:",
            NoticeKind::Unacknowledged => {
                "No named person has acknowledged something immediate for:"
            }
            _ => "A clock has run out, and no decision is recorded, for:",
        };
        let until = match self.kind {
            NoticeKind::Overdue => "until a decision is recorded",
            _ => "until a named person has acknowledged it",
        };
        let reference = match self.reference {
            Some(reference) => reference.to_string(),
            None => "none, a submission was refused".to_owned(),
        };
        let Letter { team, sign_in, .. } = self;
        let (since, due_at) = (told(self.since), told(self.due_at));
        format!(
            "{what}\n{team}\n\n\
             Reference: {reference}\n\
             Waiting since: {since}\n\
             Somebody must have it by: {due_at}\n\n\
             Sign in to read it and to act on it:\n{sign_in}\n\n\
             Managers are alerted {until}.\n\
             A machine sent this. Nobody reads what is sent in answer.\n"
        )
    }

    /// It concerns no referral, and nobody acknowledges it: somebody looks, and telephones.
    fn alarm(&self) -> String {
        let Letter { team, sign_in, .. } = self;
        format!(
            "How agencies refer is out of the ordinary: one is silent, sends far more than usual, \
             or has much of what it sends refused; or nobody has referred a child in private \
             fostering for months.\n\n\
             Look together with:\n{team}\n\n\
             Sign in to see which it is, and telephone them:\n{sign_in}\n\n\
             You are told once a week while it lasts.\n\
             A machine sent this. Nobody reads what is sent in answer.\n"
        )
    }
}

/// A time as people in England say it.
fn told(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    zone.to_datetime(at.to_jiff()).strftime("%A %-d %B %Y at %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        let since = Timestamp::parse("2026-07-03T08:59:00Z").expect("a time");
        Letter {
            id: NoticeId(uuid::Uuid::nil()),
            to: Address::parse("duty@example.org").expect("an address"),
            kind: NoticeKind::Immediate,
            team: "Screening Team".to_owned(),
            reference: Some(Reference::from_entropy(7)),
            since,
            due_at: since.plus_seconds(3600),
            at: since,
            sign_in: "https://frontdoor.example.org/".to_owned(),
        }
    }

    /// Whoever adds a member to the letter must say here why it may be read by anyone.
    #[test]
    fn a_letter_holds_ids_times_and_what_is_configured() {
        let Letter { id, to, kind, team, reference, since, due_at, at, sign_in } = letter();
        let _: (NoticeId, Option<Reference>, [Timestamp; 3]) = (id, reference, [since, due_at, at]);
        let _of_the_configuration: (Address, NoticeKind, [String; 2]) = (to, kind, [team, sign_in]);
    }

    #[test]
    fn an_alarm_says_that_somebody_looks_and_telephones() {
        let alarm = Letter { kind: NoticeKind::Alarm, reference: None, ..letter() };
        assert_eq!(alarm.subject(), "frontdoor: how agencies refer is out of the ordinary");
        let text = alarm.text();
        assert!(text.contains("Look together with:\nScreening Team\n"), "{text}");
        assert!(text.contains("https://frontdoor.example.org/\n"), "{text}");
        assert!(!text.contains("acknowledged") && !text.contains("Reference"), "{text}");
    }

    #[test]
    fn it_says_that_something_waits_and_where_to_sign_in() {
        let one = letter();
        let reference = Reference::from_entropy(7);
        let subject = format!("frontdoor: something immediate is waiting ({reference})");
        assert_eq!(one.subject(), subject);
        let text = format!(
            "Something immediate is waiting for:\nScreening Team\n\n\
             Reference: {reference}\n\
             Waiting since: Friday 3 July 2026 at 09:59\n\
             Somebody must have it by: Friday 3 July 2026 at 10:59\n\n\
             Sign in to read it and to act on it:\nhttps://frontdoor.example.org/\n\n\
             Managers are alerted until a named person has acknowledged it.\n\
             A machine sent this. Nobody reads what is sent in answer.\n"
        );
        assert_eq!(one.text(), text);
        let two = Letter { kind: NoticeKind::Unacknowledged, reference: None, ..one };
        assert_eq!(two.subject(), "frontdoor: nobody has acknowledged something immediate");
        assert!(two.text().starts_with("No named person has acknowledged"), "{}", two.text());
        assert!(two.text().contains("Reference: none, a submission was refused\n"));
        let three = Letter { kind: NoticeKind::Overdue, ..two };
        assert_eq!(three.subject(), "frontdoor: a clock has run out");
        assert!(three.text().contains("until a decision is recorded."), "{}", three.text());
    }
}
