//! Which pages there are of a draft, in which order, and where somebody goes next.

use super::answers::{at, count};
use super::questions::{Field, Kind, Of, PAGES, Page, Section};
use crate::pipeline::drafts::Content;
use serde_json::Value;

/// One page of one draft: about the referral, or the child or person of this number.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) page: &'static Page,
    pub(super) n: usize,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Step {
    fn key(&self) -> (&'static str, usize) {
        (self.page.id, self.n)
    }

    /// Its name among the pages that were answered.
    pub(super) fn seen_as(&self) -> (String, usize) {
        (self.page.id.to_owned(), self.n)
    }

    /// The end of its address.
    pub(super) fn path(&self) -> String {
        match self.page.of {
            Of::Referral => self.page.id.to_owned(),
            Of::Child | Of::Person => format!("{}/{}", self.page.id, self.n),
        }
    }

    /// Where its answers stand, as a JSON pointer.
    pub(super) fn place(&self) -> String {
        self.page.of.list().map_or(String::new(), |list| format!("{list}/{}", self.n))
    }

    fn is_asked(&self, content: &Content) -> bool {
        let of = at(&content.answers, &self.place()).unwrap_or(&Value::Null);
        (self.page.asked)(of, &content.answers)
    }

    /// Something of it is answered: whoever sends that must see it, asked or not.
    fn is_answered(&self, content: &Content) -> bool {
        let answered = |field: &&Field| {
            at(&content.answers, &format!("{}{}", self.place(), field.at)).is_some()
        };
        // What several pages answer in one list is asked on each of them anyhow.
        let own = self.page.fields.iter().filter(|field| !matches!(field.kind, Kind::Any(_)));
        own.into_iter().any(|field| answered(&field))
    }

    pub(super) fn is_seen(&self, content: &Content) -> bool {
        content.seen.contains(&self.seen_as())
    }

    /// Whether it is a page of this draft: of those who are there, or of one more.
    pub(super) fn exists(&self, content: &Content) -> bool {
        let most = self.page.of.most();
        match self.page.of.list() {
            None => self.n == 0,
            Some(list) => self.n <= count(&content.answers, list) && self.n < most,
        }
    }
}

/// How many are asked about: a child always, of the family whoever is there.
fn number_of(content: &Content, of: Of) -> usize {
    match of {
        Of::Referral => 1,
        Of::Child => count(&content.answers, "/children").max(1),
        Of::Person => count(&content.answers, "/household/people"),
    }
}

/// All pages that are asked, of one child after the other.
pub(super) fn steps(content: &Content) -> Vec<Step> {
    let mut all = Vec::new();
    for section in Section::ALL {
        let pages: Vec<&'static Page> =
            PAGES.iter().filter(|page| page.section == section).collect();
        let whole = pages.iter().map(|page| number_of(content, page.of)).max().unwrap_or(0);
        for n in 0..whole {
            let of_this = pages.iter().filter(|page| n < number_of(content, page.of));
            let steps = of_this.map(|page| Step { page, n });
            all.extend(steps.filter(|step| step.is_asked(content) || step.is_answered(content)));
        }
    }
    all
}

/// Where a draft goes on: the first page of the shortest way that was not answered; `None` when
/// that way is done, and the answers can be checked.
pub(super) fn resume(content: &Content) -> Option<Step> {
    let core = |step: &Step| step.page.core && !step.is_seen(content);
    steps(content).into_iter().find(core)
}

/// What follows a page that was just answered: along the shortest way the next page of it. Of the
/// rest the next page of the same part, about the same child or person, that was not answered.
/// `None` is the check, to which a change of what was answered before leads back at once.
pub(super) fn next(content: &Content, from: Step, change: bool) -> Option<Step> {
    if let Some(step) = resume(content) {
        return Some(step);
    }
    if change || from.page.core {
        return None;
    }
    let same = |step: &Step| step.page.section == from.page.section && step.n == from.n;
    let after = steps(content).into_iter().skip_while(|step| *step != from).skip(1);
    after.filter(same).find(|step| !step.is_seen(content))
}

/// The page before, on the way that somebody goes.
pub(super) fn before(content: &Content, step: Step) -> Option<Step> {
    let way = steps(content).into_iter().take_while(|other| *other != step);
    match resume(content) {
        // The way is done: whatever is opened was opened from the check.
        None => None,
        Some(_) => way.filter(|other| other.page.core).last(),
    }
}

/// The page on which a place of a referral is asked for.
pub(super) fn step_at(content: &Content, pointer: &str) -> Option<Step> {
    let listed = [Of::Child, Of::Person].into_iter().find_map(|of| {
        let rest = pointer.strip_prefix(of.list()?)?;
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let (n, place) = rest.split_once('/').unwrap_or((rest, ""));
        // The list as a whole: the first child, or somebody more of the family.
        let first = if of == Of::Child { 0 } else { count(&content.answers, of.list()?) };
        Some((of, n.parse().unwrap_or(first), place))
    });
    let whole = (Of::Referral, 0, pointer.trim_start_matches('/'));
    let (of, n, place) = listed.unwrap_or(whole);
    let holds = |page: &&Page| {
        page.of == of
            && page.fields.iter().any(|field| {
                let field = field.at.trim_start_matches('/');
                is_below(field, place) || is_below(place, field)
            })
    };
    let page = PAGES.iter().find(holds).or_else(|| PAGES.iter().find(|page| page.of == of))?;
    Some(Step { page, n }).filter(|step| step.exists(content))
}

/// Whether a place is another, or below it.
fn is_below(place: &str, other: &str) -> bool {
    let rest = place.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || other.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::questions::page_named;
    use super::*;
    use serde_json::json;

    fn content(answers: Value, seen: &[(&str, usize)]) -> Content {
        Content {
            answers: answers.as_object().cloned().expect("an object"),
            seen: seen.iter().map(|(page, n)| ((*page).to_owned(), *n)).collect(),
            ..Content::default()
        }
    }

    fn step(page: &str, n: usize) -> Step {
        Step { page: page_named(page).expect("a page"), n }
    }

    fn path(step: Option<Step>) -> Option<String> {
        step.map(|step| step.path())
    }

    /// Answers one page after the other as the form leads.
    fn walked(answers: Value) -> Vec<String> {
        let mut content = content(answers, &[]);
        let mut way = Vec::new();
        while let Some(step) = resume(&content) {
            way.push(step.path());
            content.seen.insert(step.seen_as());
        }
        way
    }

    #[test]
    fn the_shortest_way_is_four_pages_and_danger_and_a_birth_add_one_each() {
        assert_eq!(walked(json!({"danger_now": "no"})), ["danger", "worry", "child/0", "you"]);
        assert_eq!(
            walked(json!({"danger_now": "unknown"})),
            ["danger", "telephone", "worry", "child/0", "you"]
        );
        let unborn = json!({"danger_now": "no", "children": [{"unborn": "yes"}]});
        assert_eq!(walked(unborn), ["danger", "worry", "child/0", "unborn/0", "you"]);
    }

    const CORE: [(&str, usize); 4] = [("danger", 0), ("worry", 0), ("child", 0), ("you", 0)];

    #[test]
    fn afterwards_each_part_is_gone_through_and_a_change_leads_back() {
        let done = content(json!({"danger_now": "no", "children": [{}]}), &CORE);
        assert_eq!(path(resume(&done)), None);
        assert_eq!(path(next(&done, step("you", 0), false)), None);
        assert_eq!(path(next(&done, step("signs", 0), false)), Some("happened".to_owned()));
        assert_eq!(path(next(&done, step("signs", 0), true)), None);
        let of_child = next(&done, step("child-words", 0), false);
        assert_eq!(path(of_child), Some("child-now/0".to_owned()));
        assert_eq!(path(next(&done, step("concerns", 0), false)), None);
    }

    #[test]
    fn another_child_is_asked_for_by_name_before_the_check() {
        let more = json!({"danger_now": "no", "children": [{}, {"unborn": "yes"}]});
        let seen = [CORE.as_slice(), &[("child", 1)]].concat();
        assert_eq!(path(resume(&content(more, &seen))), Some("unborn/1".to_owned()));
    }

    #[test]
    fn what_is_answered_is_seen_although_it_is_asked_no_more() {
        let born = json!({"danger_now": "no", "children": [{"expected_date": "2026-09-01"}]});
        let listed = steps(&content(born, &CORE));
        assert!(listed.iter().any(|step| step.page.id == "unborn"));
        let plain = steps(&content(json!({"danger_now": "no", "children": [{}]}), &CORE));
        assert!(!plain.iter().any(|step| step.page.id == "unborn"));
    }

    #[test]
    fn one_goes_back_along_the_shortest_way() {
        let begun = content(json!({"danger_now": "no"}), &[("danger", 0), ("worry", 0)]);
        assert_eq!(path(before(&begun, step("child", 0))), Some("worry".to_owned()));
        assert_eq!(path(before(&begun, step("danger", 0))), None);
    }

    #[test]
    fn what_is_asked_for_is_answered_on_its_page() {
        let family = json!({"children": [{}, {}], "household": {"people": [{}]}});
        let known = content(family, &[]);
        for (pointer, page) in [
            ("/worry", "worry"),
            ("/danger_now", "danger"),
            ("/concerns", "concerns"),
            ("/harm", "happened"),
            ("/children", "child/0"),
            ("/children/1/address", "child-home/1"),
            ("/children/1/school", "child-services/1"),
            ("/children/0/own_words", "child-words/0"),
            ("/children/0/location_now", "child-now/0"),
            ("/children/0/expected_date", "unborn/0"),
            ("/household/people", "person/1"),
            ("/household/people/0/parental_responsibility", "person/0"),
            ("/agreement/informed", "told"),
            ("/earlier_help", "earlier"),
            ("/worker_safety", "visits"),
            ("/referrer/telephone", "you"),
            ("/domains/parenting", "life"),
        ] {
            assert_eq!(path(step_at(&known, pointer)).as_deref(), Some(page), "{pointer}");
        }
        assert_eq!(path(step_at(&known, "/children/9/school")), None);
    }
}
