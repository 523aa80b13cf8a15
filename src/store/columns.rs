//! Every column of the schema, and whether it may be read by whoever steals the database
//! (invariant 8). A test compares this list with both schemas.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Ids, times, agency, destination, level, priority, score, state, counts; the claim-check
    /// that goes to the broker.
    Clear,
    /// Encrypted; opens only with the authority's keys, which are not in the database.
    Sealed,
    /// A keyed or one-way hash: it can be compared, and tells nothing.
    Blind,
}

use Class::{Blind, Clear, Sealed};

/// Table, then its columns with their classes.
pub const COLUMNS: &[(&str, &[(&str, Class)])] = &[
    ("migration", &[("version", Clear), ("name", Clear), ("expanding", Clear)]),
    ("kept", &[("name", Clear), ("value", Sealed)]),
    (
        "credential",
        &[
            ("id", Clear),
            ("owner_kind", Clear),
            ("owner", Clear),
            ("hash", Blind),
            ("created_at", Clear),
            ("expires_at", Clear),
            ("revoked_at", Clear),
        ],
    ),
    ("lane", &[("sole", Clear), ("seq", Clear)]),
    (
        "referral",
        &[
            ("id", Clear),
            ("reference", Clear),
            ("agency", Clear),
            ("received_at", Clear),
            ("respond_by", Clear),
            ("level", Clear),
            ("level_rank", Clear),
            ("priority", Clear),
            ("score", Clear),
            ("policy_hash", Clear),
            ("revision", Clear),
            ("wrapped_key", Sealed),
            ("record", Sealed),
        ],
    ),
    (
        "information",
        &[("referral", Clear), ("revision", Clear), ("received_at", Clear), ("raw", Sealed)],
    ),
    (
        "person",
        &[
            ("id", Clear),
            ("created_at", Clear),
            ("profile", Sealed),
            ("case_status", Clear),
            ("case_team", Clear),
            ("restricted", Clear),
            ("as_of", Clear),
            ("source", Blind),
            ("changed", Clear),
            ("wrapped_key", Sealed),
            ("record", Sealed),
            ("restriction", Clear),
        ],
    ),
    ("person_token", &[("person", Clear), ("token", Blind), ("lane_seq", Clear), ("fed", Clear)]),
    (
        "link",
        &[
            ("referral", Clear),
            ("child", Clear),
            ("person", Clear),
            ("lane_seq", Clear),
            ("state", Clear),
            ("weight", Clear),
            ("at", Clear),
            ("agency", Clear),
            ("level_rank", Clear),
            ("decision", Clear),
        ],
    ),
    (
        "match_decision",
        &[
            ("id", Clear),
            ("referral", Clear),
            ("child", Clear),
            ("person", Clear),
            ("word", Clear),
            ("at", Clear),
            ("wrapped_key", Sealed),
            ("record", Sealed),
        ],
    ),
    (
        "apart",
        &[
            ("one", Clear),
            ("other", Clear),
            ("lane_seq", Clear),
            ("stands", Clear),
            ("at", Clear),
            ("decision", Clear),
        ],
    ),
    (
        "withdrawal",
        &[
            ("message", Clear),
            ("referral", Clear),
            ("person", Clear),
            ("kind", Clear),
            ("sent_at", Clear),
            ("at", Clear),
        ],
    ),
    (
        "outbox",
        &[
            ("id", Clear),
            ("referral", Clear),
            ("refusal", Clear),
            ("destination", Clear),
            ("purpose", Clear),
            ("priority", Clear),
            ("kind", Clear),
            ("sequence", Clear),
            ("created_at", Clear),
            ("due_at", Clear),
            ("payload", Clear),
            ("traceparent", Clear),
            ("agency", Clear),
            ("level", Clear),
            ("state", Clear),
            ("attempts", Clear),
            ("fence", Clear),
            ("leased_until", Clear),
            ("next_attempt_at", Clear),
            ("last_fault", Clear),
            ("delivered_at", Clear),
            ("acknowledged_at", Clear),
            ("breached_at", Clear),
            ("by_wrapped_key", Sealed),
            ("by_record", Sealed),
            ("copy_of", Clear),
            ("copy_why", Clear),
            ("taken_at", Clear),
        ],
    ),
    ("repeat", &[("key", Blind), ("body", Blind), ("referral", Clear), ("expires_at", Clear)]),
    (
        "refusal",
        &[
            ("id", Clear),
            ("agency", Clear),
            ("received_at", Clear),
            ("last_at", Clear),
            ("count", Clear),
            ("bytes", Clear),
            ("problem", Clear),
            ("body", Blind),
            ("key", Blind),
            ("wrapped_key", Sealed),
            ("record", Sealed),
            ("cleared_at", Clear),
        ],
    ),
    (
        "tally_delta",
        &[
            ("hour", Clear),
            ("what", Clear),
            ("agency", Clear),
            ("destination", Clear),
            ("level", Clear),
            ("priority", Clear),
            ("count", Clear),
        ],
    ),
    (
        "tally",
        &[
            ("hour", Clear),
            ("what", Clear),
            ("agency", Clear),
            ("destination", Clear),
            ("level", Clear),
            ("priority", Clear),
            ("count", Clear),
        ],
    ),
    ("audit_head", &[("chain", Clear), ("number", Clear), ("mac", Blind)]),
    (
        "audit_link",
        &[("chain", Clear), ("number", Clear), ("at", Clear), ("events", Clear), ("mac", Blind)],
    ),
    (
        "queued",
        &[
            ("position", Clear),
            ("destination", Clear),
            ("id", Clear),
            ("priority", Clear),
            ("payload", Clear),
            ("deliveries", Clear),
            ("enqueued_at", Clear),
            ("leased_until", Clear),
            ("dead", Clear),
        ],
    ),
];
