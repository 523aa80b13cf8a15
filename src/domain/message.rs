//! Messages as receiving teams get them: CloudEvents 1.0 in structured JSON, carrying a
//! claim-check. What the referral says stays here; it is fetched over HTTPS.
//!
//! Each type's `data` has a schema in `schemas/messages/`. Nothing here holds personal data.

use crate::domain::adults::AdultTold;
use crate::domain::ids::{AdultMatchId, RefusalId};
use crate::domain::refusal::Extent;
use crate::domain::{
    AgencyId, AttachmentTold, DestinationId, Level, MessageId, OutcomeCode, Priority, Purpose,
    Reference, RuleId, Timestamp, Unread, Withdrawn,
};
use serde::Serialize;

/// Media type of every message.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// A referral goes to a destination for the first time.
pub const ROUTED: &str = "referral.routed.v1";
/// A referral that the destination knows of has changed.
pub const UPDATED: &str = "referral.updated.v1";
/// A receiving team has recorded what it decided or did.
pub const OUTCOME: &str = "referral.outcome.v1";
/// An outcome that a team sent as a message cannot stand: it is to say what is missing.
pub const OUTCOME_REFUSED: &str = "referral.outcome-refused.v1";
/// A submission could not be accepted; MASSTT calls the sender.
pub const REFUSED: &str = "referral.refused.v1";
/// MASSTT's copy of a message that does not get through to another destination.
pub const DELIVERY_FAILING: &str = "referral.delivery-failing.v1";
/// MASSTT's copy of a message that a destination gave back too often.
pub const DELIVERY_DEAD: &str = "referral.delivery-dead.v1";

/// Purpose of a message that tells of adults who may be in another family's referral: nothing was
/// decided again.
pub const POSSIBLE_ADULT: &str = "possible-adult";
/// Purpose of a message that tells what a sender attached: nothing was decided again.
pub const DOCUMENTS: &str = "documents";

/// CloudEvents `source`, a URI reference.
const SOURCE: &str = "/frontdoor";

/// What every message says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Stable over resends, so that receivers can discard repeats.
    pub id: MessageId,
    pub kind: &'a str,
    pub at: Timestamp,
    /// Per (referral, destination), from 1; 0 is outside the sequence and is left out.
    pub sequence: i32,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<&'a str>,
}

/// A referral for one destination: `referral.routed.v1` and `referral.updated.v1`.
#[derive(Clone, Copy, Debug)]
pub struct OutboxDraft<'a> {
    pub envelope: Envelope<'a>,
    pub reference: Reference,
    pub destination: &'a DestinationId,
    pub purpose: &'a Purpose,
    pub priority: Priority,
    pub level: &'a Level,
    pub due_at: Timestamp,
    pub rules: &'a [RuleId],
    /// How many children it concerns, for this destination.
    pub children: usize,
    /// A wrong history that this message takes back.
    pub withdrawn: Option<Withdrawn>,
    /// Adults who may be those of earlier referrals, and how many more there are.
    pub adults: &'a [(AdultMatchId, AdultTold<'a>)],
    pub more_adults: usize,
    /// What its sender attached, and how that stands now.
    pub documents: &'a [AttachmentTold],
}

/// What one team recorded, for another: `referral.outcome.v1`.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeDraft<'a> {
    pub envelope: Envelope<'a>,
    pub reference: Reference,
    pub destination: &'a DestinationId,
    /// Who recorded it, and what.
    pub recorded_by: &'a DestinationId,
    pub outcome: &'a OutcomeCode,
    pub level: Option<&'a Level>,
    pub due_at: Timestamp,
}

/// A refused submission: `referral.refused.v1`.
#[derive(Clone, Copy, Debug)]
pub struct RefusalDraft<'a> {
    pub envelope: Envelope<'a>,
    pub refusal: RefusalId,
    pub agency: &'a AgencyId,
    /// The agency's duty contact from configuration, never from the submission (invariant 11).
    pub agency_telephone: &'a str,
    /// Stable problem code, e.g. `below-minimum`.
    pub problem: &'a str,
    /// The referral that it was sent to as information, as its sender named it.
    pub about: Option<Reference>,
    pub extent: Extent,
    pub received_at: Timestamp,
    /// How often the same body came.
    pub count: i32,
}

/// The message for one destination; schemas `referral.routed.v1` and `referral.updated.v1`.
pub fn claim_check(draft: &OutboxDraft<'_>) -> Vec<u8> {
    let reference = draft.reference.to_string();
    let data = RoutedData {
        document: format!("/v1/referrals/{reference}/document"),
        reference: &reference,
        destination: draft.destination,
        purpose: draft.purpose,
        priority: draft.priority,
        level_of_need: LevelOfNeed {
            code: &draft.level.code,
            label: &draft.level.label,
            suggested: true,
        },
        due_at: draft.due_at,
        rules: draft.rules,
        children: draft.children,
        withdrawn: draft.withdrawn.map(|what| WithdrawnData { what, why: "separated" }),
        adults: draft.adults.iter().map(|(id, told)| AdultData { id: *id, told }).collect(),
        more_adults: (draft.more_adults > 0).then_some(draft.more_adults),
        documents: draft.documents,
    };
    write(&draft.envelope, &reference, &data)
}

/// The message about an outcome; schema `referral.outcome.v1`.
pub fn outcome(draft: &OutcomeDraft<'_>) -> Vec<u8> {
    let reference = draft.reference.to_string();
    let data = OutcomeData {
        document: format!("/v1/referrals/{reference}/document"),
        reference: &reference,
        destination: draft.destination,
        recorded_by: draft.recorded_by,
        outcome: draft.outcome,
        level_of_need: draft.level.map(|level| LevelOfNeed {
            code: &level.code,
            label: &level.label,
            suggested: false,
        }),
        due_at: draft.due_at,
    };
    write(&draft.envelope, &reference, &data)
}

/// The message to a team whose outcome cannot stand; schema `referral.outcome-refused.v1`.
pub fn outcome_refused(
    envelope: &Envelope<'_>,
    reference: Reference,
    destination: &DestinationId,
    faults: &[Unread],
) -> Vec<u8> {
    let reference = reference.to_string();
    let data = OutcomeRefusedData { reference: &reference, destination, faults };
    write(envelope, &reference, &data)
}

/// The message about a refused submission; schema `referral.refused.v1`.
pub fn refusal(draft: &RefusalDraft<'_>) -> Vec<u8> {
    let subject = draft.refusal.to_string();
    let data = RefusedData {
        refusal_id: draft.refusal,
        agency: draft.agency,
        agency_telephone: draft.agency_telephone,
        problem: draft.problem,
        reference: draft.about,
        bytes_read: draft.extent.read,
        bytes_announced: draft.extent.announced,
        received_at: draft.received_at,
        count: draft.count,
    };
    write(&draft.envelope, &subject, &data)
}

/// `subject` is the reference, or the refusal's id; left out when it is empty.
pub fn write(envelope: &Envelope<'_>, subject: &str, data: &impl Serialize) -> Vec<u8> {
    let event = CloudEvent {
        specversion: "1.0",
        id: envelope.id,
        source: SOURCE,
        kind: envelope.kind,
        subject,
        time: envelope.at,
        datacontenttype: "application/json",
        dataschema: &format!("urn:frontdoor:schema:{}", envelope.kind),
        sequence: Padded(envelope.sequence),
        traceparent: envelope.traceparent,
        data,
    };
    let mut bytes = Vec::with_capacity(1024);
    serde_json::to_writer(&mut bytes, &event).expect("a message is plain data");
    bytes
}

#[derive(Serialize)]
struct CloudEvent<'a, D> {
    specversion: &'a str,
    id: MessageId,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'a str,
    dataschema: &'a str,
    #[serde(skip_serializing_if = "Padded::is_none")]
    sequence: Padded,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a D,
}

/// The CloudEvents extension `sequence` is a string whose order is that of its characters.
struct Padded(i32);

impl Padded {
    fn is_none(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Padded {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:010}", self.0))
    }
}

#[derive(Serialize)]
struct RoutedData<'a> {
    reference: &'a str,
    destination: &'a DestinationId,
    purpose: &'a Purpose,
    priority: Priority,
    level_of_need: LevelOfNeed<'a>,
    due_at: Timestamp,
    rules: &'a [RuleId],
    children: usize,
    /// Where the referral is, cut to what this destination may see.
    document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<WithdrawnData>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adults: Vec<AdultData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_adults: Option<usize>,
    #[serde(skip_serializing_if = "<[AttachmentTold]>::is_empty")]
    documents: &'a [AttachmentTold],
}

#[derive(Serialize)]
struct AdultData<'a> {
    #[serde(rename = "match")]
    id: AdultMatchId,
    #[serde(flatten)]
    told: &'a AdultTold<'a>,
}

#[derive(Serialize)]
struct WithdrawnData {
    #[serde(flatten)]
    what: Withdrawn,
    why: &'static str,
}

#[derive(Serialize)]
struct LevelOfNeed<'a> {
    code: &'a str,
    label: &'a str,
    /// A social worker decides; until then it is suggested.
    suggested: bool,
}

#[derive(Serialize)]
struct OutcomeRefusedData<'a> {
    reference: &'a str,
    destination: &'a DestinationId,
    /// Places in the outcome, never values.
    faults: &'a [Unread],
}

#[derive(Serialize)]
struct OutcomeData<'a> {
    reference: &'a str,
    destination: &'a DestinationId,
    recorded_by: &'a DestinationId,
    outcome: &'a OutcomeCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    level_of_need: Option<LevelOfNeed<'a>>,
    due_at: Timestamp,
    document: String,
}

#[derive(Serialize)]
struct RefusedData<'a> {
    refusal_id: RefusalId,
    agency: &'a AgencyId,
    agency_telephone: &'a str,
    problem: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    bytes_read: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_announced: Option<u64>,
    received_at: Timestamp,
    count: i32,
}
