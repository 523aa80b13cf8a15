//! What can be chosen. Codes are named by the words of their list; other answers by messages.

use crate::domain::codes::{ConcernCode, DisabilityCode, Indicator, Request, Sex};

/// What is chosen where nobody knows, and where somebody would not say.
pub(super) const NOT_KNOWN: &str = "not-known";
const REFUSED: &str = "refused";

/// How an answer is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By the message of this name.
    By(&'static str),
    /// By these words.
    As(&'static str),
}

/// One answer that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) value: &'static str,
    pub(super) named: Named,
}

/// Answers under the heading of this message; none where there is one group alone.
pub(super) struct Group {
    pub(super) heading: Option<&'static str>,
    pub(super) listed: Vec<Listed>,
}

const fn by(value: &'static str, message: &'static str) -> Listed {
    Listed { value, named: Named::By(message) }
}

pub(super) fn yes_no() -> Vec<Listed> {
    vec![by("yes", "answer-yes"), by("no", "answer-no"), by(NOT_KNOWN, "answer-not-known")]
}

pub(super) fn yes_no_refused() -> Vec<Listed> {
    let mut listed = yes_no();
    listed.push(by(REFUSED, "answer-refused"));
    listed
}

pub(super) fn danger() -> Vec<Listed> {
    vec![by("yes", "answer-yes"), by("no", "answer-no"), by("unknown", "answer-not-known")]
}

pub(super) fn telephoned() -> Vec<Listed> {
    vec![by("yes", "refer-telephoned-yes"), by("no", "refer-telephoned-no")]
}

/// A code of the field's lists.
trait Coded: Copy {
    fn listed(self) -> Listed;
}

macro_rules! coded {
    ($($name:ident),*) => { $(
        impl Coded for $name {
            fn listed(self) -> Listed {
                Listed { value: self.code(), named: Named::As(self.label()) }
            }
        }
    )* };
}

coded!(ConcernCode, DisabilityCode, Indicator, Request, Sex);

fn all(codes: &[impl Coded]) -> Vec<Listed> {
    codes.iter().map(|code| code.listed()).collect()
}

fn group(heading: &'static str, codes: &[impl Coded]) -> Group {
    Group { heading: Some(heading), listed: all(codes) }
}

pub(super) fn sex() -> Vec<Listed> {
    let mut listed = all(&[Sex::Female, Sex::Male]);
    listed.push(by(Sex::Unknown.code(), "answer-not-known"));
    listed
}

pub(super) fn request() -> Vec<Listed> {
    all(Request::ALL)
}

pub(super) fn disabilities() -> Vec<Group> {
    vec![Group { heading: None, listed: all(DisabilityCode::ALL) }]
}

/// Asked beside the worry, since nobody else may see the draft from then on.
pub(super) fn trusted() -> Vec<Group> {
    let listed = vec![by(Indicator::TrustedPerson.code(), "refer-trusted-yes")];
    vec![Group { heading: None, listed }]
}

/// Every indicator but the one that is asked for beside the worry.
pub(super) fn signs() -> Vec<Group> {
    use Indicator::*;
    vec![
        group(
            "refer-signs-now",
            &[ChildAlone, MissingNow, Disclosure, ThreatToKill, ThreatToAbduct, SuicidePlan],
        ),
        group(
            "refer-signs-body",
            &[
                UnexplainedInjury,
                InjuryNonMobileBaby,
                SevereNeglect,
                FabricatedIllness,
                SevereSelfHarm,
                LethalSubstances,
            ],
        ),
        group(
            "refer-signs-home",
            &[
                DomesticAbuseHigh,
                Strangulation,
                DomesticAbusePregnancy,
                OffenderInHome,
                EarlierRemoval,
                ChildDeathSiblings,
                PrivateFostering,
            ],
        ),
        group(
            "refer-signs-sexual",
            &[
                SexualAbuse,
                SexualExploitation,
                OnlineSexualCoercion,
                SexualActivityUnder13,
                PregnancyUnder13,
            ],
        ),
        group(
            "refer-signs-outside",
            &[CountyLines, Trafficking, Radicalisation, MissingRepeat, MissingEducation],
        ),
        group(
            "refer-signs-honour",
            &[FgmKnown, FgmRisk, ForcedMarriage, MarriageUnder18, HonourBased],
        ),
        group("refer-signs-birth", &[ConcealedPregnancy, AvoidedAntenatal]),
        group("refer-signs-elsewhere", &[PlanElsewhere]),
    ]
}

/// Every factor of the census but those retired, and "none".
pub(super) fn concerns() -> Vec<Group> {
    use ConcernCode::*;
    vec![
        group(
            "refer-concerns-harm",
            &[
                Neglect,
                EmotionalAbuse,
                PhysicalAbuseByAdult,
                PhysicalAbuseByChild,
                SexualAbuseByAdult,
                SexualAbuseByChild,
                Fgm,
                FaithAbuse,
            ],
        ),
        group(
            "refer-concerns-home",
            &[DomesticAbuseChild, DomesticAbuseParent, DomesticAbuseOther, YoungCarer],
        ),
        group(
            "refer-concerns-outside",
            &[
                Cse,
                CriminalExploitation,
                Gangs,
                Trafficking,
                Missing,
                UnacceptableBehaviour,
                SelfHarm,
            ],
        ),
        group(
            "refer-concerns-alcohol",
            &[AlcoholChild, AlcoholParent, AlcoholOther, DrugsChild, DrugsParent, DrugsOther],
        ),
        group(
            "refer-concerns-health",
            &[
                MentalHealthChild,
                MentalHealthParent,
                MentalHealthOther,
                LearningDisabilityChild,
                LearningDisabilityParent,
                LearningDisabilityOther,
                PhysicalChild,
                PhysicalParent,
                PhysicalOther,
            ],
        ),
        group(
            "refer-concerns-care",
            &[
                Uasc,
                PrivateFosteringOverseasReturning,
                PrivateFosteringOverseasStaying,
                PrivateFosteringUkEducation,
                PrivateFosteringUkFamily,
                PrivateFosteringOther,
                OtherFactor,
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn values(groups: Vec<Group>) -> Vec<&'static str> {
        groups.into_iter().flat_map(|group| group.listed).map(|listed| listed.value).collect()
    }

    #[test]
    fn every_sign_and_every_factor_can_be_ticked_in_one_place() {
        let signs = [values(signs()), values(trusted())].concat();
        let all: BTreeSet<_> = Indicator::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(signs.len(), all.len());
        assert_eq!(signs.into_iter().collect::<BTreeSet<_>>(), all);
        let concerns = values(concerns());
        let left_out =
            [ConcernCode::PhysicalAbuse, ConcernCode::SexualAbuse, ConcernCode::NoFactor];
        let all = ConcernCode::ALL.iter().filter(|code| !left_out.contains(code));
        let all: BTreeSet<_> = all.map(|code| code.code()).collect();
        assert_eq!(concerns.len(), all.len());
        assert_eq!(concerns.into_iter().collect::<BTreeSet<_>>(), all);
    }
}
