//! Statements that are the same text in both dialects.

use super::families::{family_of, survivor_of};
use super::matches::MatchState;
use super::rows::DeliveryState;

/// Columns of [`super::records::ReferralRecord`].
macro_rules! referral_columns {
    () => {
        "id, reference, agency, received_at, respond_by, level, level_rank, priority, score, \
         policy_hash, revision, wrapped_key, record"
    };
}

/// Columns of [`super::records::DeliveryRecord`].
macro_rules! delivery_columns {
    () => {
        "id, referral, destination, purpose, priority, kind, sequence, state, created_at, \
         due_at, delivered_at, acknowledged_at, attempts, last_fault"
    };
}

/// Columns of [`super::records::OutboxRecord`].
macro_rules! outbox_columns {
    () => {
        "id, referral, refusal, destination, purpose, priority, kind, sequence, created_at, \
         due_at, payload, traceparent, agency, level, attempts, fence, leased_until"
    };
}

/// Rows that the relay still has to get through, all of them: the predicate of the index
/// `outbox_open`.
macro_rules! open {
    () => {
        "state IN ('delivering', 'delivery-failing')"
    };
}

/// The same of a row that is looked up otherwise: in words that are not the index's, so that it
/// is not taken to be the way to find the row.
macro_rules! still_open {
    () => {
        "delivered_at IS NULL AND acknowledged_at IS NULL AND state <> 'dead'"
    };
}

/// That nothing holds row `o` back: of one subject and destination, neither an earlier message
/// that is open nor another that is leased at `$1`.
macro_rules! at_its_turn {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM outbox e \
             WHERE coalesce(e.referral, e.refusal, e.id) = coalesce(o.referral, o.refusal, o.id) \
             AND e.destination = o.destination AND e.id <> o.id \
             AND e.delivered_at IS NULL AND e.acknowledged_at IS NULL AND e.state <> 'dead' \
             AND (e.sequence < o.sequence OR (e.sequence = o.sequence AND e.id < o.id) \
                  OR ",
            waits!("e.leased_until"),
            "))"
        )
    };
}

/// That a time is still to come at `$1`. Nothing waits longer than 30 s: a time further off than
/// two minutes was written by a clock that was ahead, and has run out.
macro_rules! waits {
    ($column:literal) => {
        concat!("(", $column, " > $1 AND ", $column, " <= $1 + 120000000)")
    };
}

/// That row `o` is due at `$1`, and nobody holds it.
macro_rules! due {
    () => {
        concat!(
            "NOT ",
            waits!("o.next_attempt_at"),
            " AND (o.leased_until IS NULL OR NOT ",
            waits!("o.leased_until"),
            ")"
        )
    };
}

pub(super) use {
    at_its_turn, delivery_columns, due, open, outbox_columns, referral_columns, still_open, waits,
};

pub(super) const REFERRAL_BY_REFERENCE: &str =
    concat!("SELECT ", referral_columns!(), " FROM referral WHERE reference = $1");

pub(super) const REFERRAL_BY_ID: &str =
    concat!("SELECT ", referral_columns!(), " FROM referral WHERE id = $1");

pub(super) const DELIVERIES_OF: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM outbox WHERE coalesce(referral, refusal, id) = $1"
);

/// That no later statement about the same child and person than a row of `link` is there. It is
/// looked for among the statements of the referral, of which there are few: PostgreSQL takes no
/// index for `IS NOT DISTINCT FROM`, and so not that of a person's statements, of which there may
/// be many.
macro_rules! last_said {
    ($row:literal) => {
        $crate::store::statements::last_said!($row, "")
    };
    ($row:literal, $limit:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM link later WHERE later.referral = ",
            $row,
            ".referral AND later.child = ",
            $row,
            ".child AND later.person IS NOT DISTINCT FROM ",
            $row,
            ".person AND later.lane_seq > ",
            $row,
            ".lane_seq",
            $limit,
            ")"
        )
    };
}

pub(super) const NEWS: &str =
    "SELECT lane_seq, person FROM news ORDER BY lane_seq, person LIMIT $1";

pub(super) const HEARD: &str = "DELETE FROM news WHERE (lane_seq, person) <= ($1, $2)";

/// That a referral gave the token of row `own` to somebody.
macro_rules! shared {
    () => {
        "EXISTS (SELECT 1 FROM person_token AS other \
         WHERE other.token = own.token AND other.fed IS NULL)"
    };
}

pub(super) use {last_said, shared};

/// Children of referrals who are one of some people, or may be, by any of their records; the
/// people's ids come between the two.
macro_rules! standing_of {
    () => {
        "WITH RECURSIVE up (id, survivor) AS (SELECT id, merged_into FROM person WHERE id"
    };
}

macro_rules! and_their_records {
    () => {
        concat!(
            " UNION SELECT p.id, p.merged_into FROM up JOIN person p ON p.id = up.survivor), \
             family (root, id) AS (SELECT id, id FROM up WHERE survivor IS NULL \
                 UNION SELECT f.root, m.id FROM family f JOIN person m ON m.merged_into = f.id) \
             SELECT f.root, r.reference, l.state FROM family f \
             JOIN link l ON l.person = f.id JOIN referral r ON r.id = l.referral \
             WHERE l.state IN ('new', 'linked', 'possible') AND ",
            $crate::store::statements::last_said!("l")
        )
    };
}

pub(super) use {and_their_records, standing_of};

/// The last statement about each child and person, with whose record the person's is by now.
pub(super) const LINKS_OF: &str = concat!(
    "SELECT child, ",
    survivor_of!("l.person"),
    " AS person, person AS record, state, weight, level_rank, decision, lane_seq FROM link l \
     WHERE referral = $1 AND ",
    last_said!("l"),
    " ORDER BY child, person"
);

/// Every statement about a person's records, in the order in which they were made.
pub(super) const STATEMENTS: &str = concat!(
    "SELECT l.referral, r.reference, l.child, l.person AS record, l.state, l.weight, \
     l.agency, l.decision, l.at, l.lane_seq, \
     (SELECT max(lane_seq) FROM link decided WHERE decided.referral = l.referral) AS decided \
     FROM link l JOIN referral r ON r.id = l.referral WHERE l.person IN ",
    family_of!("$1"),
    " ORDER BY l.lane_seq, l.referral, l.child, l.person"
);

/// By what a statement stands for all of a person's records: see [`super::families::one_each`].
macro_rules! standing {
    ($link:literal) => {
        concat!(
            "(CASE WHEN ",
            $link,
            ".state IN ('new', 'linked') THEN 1 ELSE 0 END, CASE WHEN ",
            $link,
            ".decision IS NULL THEN 0 ELSE ",
            $link,
            ".lane_seq END, ",
            $link,
            ".weight, ",
            $link,
            ".person)"
        )
    };
}

/// That no other statement stands in the place of `l`, of another record of the same person.
macro_rules! stands_for_all {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM link o WHERE o.referral = l.referral \
             AND o.child = l.child AND o.person <> l.person AND ",
            last_said!("o"),
            " AND ",
            standing!("o"),
            " > ",
            standing!("l"),
            " AND o.person IN ",
            family_of!("l.person"),
            ")"
        )
    };
}

/// That nobody has told apart who `l` says the child may be and who it is.
macro_rules! still_may_be {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM link own WHERE own.referral = l.referral \
             AND own.child = l.child AND own.state IN ('new', 'linked') AND ",
            last_said!("own"),
            " AND (SELECT a.stands FROM apart a WHERE a.one IN ",
            family_of!("own.person"),
            " AND a.other IN ",
            family_of!("l.person"),
            " ORDER BY a.lane_seq DESC LIMIT 1))"
        )
    };
}

macro_rules! matches_where {
    ($holds:expr) => {
        concat!(
            "SELECT l.referral, r.reference, l.child, ",
            survivor_of!("l.person"),
            " AS person, l.person AS record, l.state, l.weight, l.at, \
             l.decision FROM link l JOIN referral r ON r.id = l.referral WHERE ",
            $holds,
            " AND (l.referral, l.child, l.person) > ($1, $2, $3) AND ",
            last_said!("l"),
            " AND ",
            stands_for_all!(),
            " ORDER BY l.referral, l.child, l.person LIMIT $4"
        )
    };
}

pub(super) fn matches_in(state: MatchState) -> &'static str {
    match state {
        MatchState::Open => {
            matches_where!(concat!("l.state = 'possible' AND ", still_may_be!()))
        }
        MatchState::Unconfirmed => matches_where!("l.state = 'linked' AND l.decision IS NULL"),
        MatchState::Decided => {
            matches_where!("l.decision IS NOT NULL AND l.state IN ('linked', 'separate')")
        }
    }
}

/// A person as the survivor's record has it; what restricts one record of it restricts it.
pub(super) const PERSON: &str = concat!(
    "WITH records AS (SELECT (SELECT restricted FROM person WHERE id = f.id) AS restricted, \
     (SELECT restriction FROM person WHERE id = f.id) AS restriction FROM ",
    family_of!("$1"),
    " AS f) SELECT id, profile, case_status, case_team, as_of, source IS NOT NULL AS fed, \
     EXISTS (SELECT 1 FROM records WHERE restricted) AS restricted, \
     (SELECT restriction FROM records WHERE restriction IS NOT NULL \
      ORDER BY CASE restriction WHEN 'adoption' THEN 0 ELSE 1 END, restriction LIMIT 1) \
     AS restriction FROM person WHERE id = ",
    survivor_of!("$1")
);

/// The newest, and one more than are shown (`matches::CHRONOLOGY`), so that a cut is seen.
pub(super) const CHRONOLOGY: &str = concat!(
    "SELECT * FROM (SELECT l.referral, r.reference, l.child, r.received_at, r.agency, r.level, \
     l.state, l.decision FROM link l JOIN referral r ON r.id = l.referral \
     WHERE l.person IN ",
    family_of!("$1"),
    " AND l.state IN ('new', 'linked') AND ",
    last_said!("l"),
    " ORDER BY r.received_at DESC, l.referral DESC, l.child DESC LIMIT 1001) \
     AS newest ORDER BY received_at, referral, child"
);

pub(super) const WITHDRAWALS: &str = "SELECT w.message, w.referral, w.person, w.kind, \
     w.sent_at, w.at, r.reference, o.destination, o.state, o.delivered_at FROM withdrawal w \
     JOIN referral r ON r.id = w.referral JOIN outbox o ON o.id = w.message \
     WHERE w.message > $1 ORDER BY w.message LIMIT $2";

pub(super) const MESSAGE: &str =
    concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE id = $1");

/// Of the thousand most pressing: behind more than that the relay is not waiting for a moment but
/// working, and it looks again within a second anyhow.
pub(super) const NEXT_DUE: &str = concat!(
    "SELECT min(CASE WHEN ",
    waits!("o.leased_until"),
    " AND (o.leased_until > o.next_attempt_at OR NOT ",
    waits!("o.next_attempt_at"),
    ") THEN o.leased_until WHEN ",
    waits!("o.next_attempt_at"),
    " OR o.next_attempt_at < $1 THEN o.next_attempt_at ELSE $1 END) \
     FROM (SELECT id, referral, refusal, destination, sequence, leased_until, next_attempt_at \
         FROM outbox WHERE ",
    open!(),
    " ORDER BY priority DESC, created_at LIMIT 1000) AS o WHERE ",
    waits!("o.leased_until"),
    " OR ",
    at_its_turn!()
);

pub(super) const REFUSAL: &str = "SELECT id, agency, received_at, last_at, count, bytes, problem, \
     body, key, wrapped_key, record, cleared_at FROM refusal WHERE id = $1";

pub(super) const DELIVERIES: &str =
    concat!("SELECT ", delivery_columns!(), " FROM outbox WHERE id > $1 ORDER BY id LIMIT $2");

/// Most of the table is in these states: a page is soon full.
const DELIVERIES_DONE: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM outbox WHERE id > $1 AND state = $3 ORDER BY id LIMIT $2"
);

/// Few of the table are open: by their index, not by reading everything else.
const DELIVERIES_OPEN: &str = concat!(
    "WITH o AS MATERIALIZED (SELECT ",
    delivery_columns!(),
    " FROM outbox WHERE ",
    open!(),
    ") SELECT ",
    delivery_columns!(),
    " FROM o WHERE id > $1 AND state = $3 ORDER BY id LIMIT $2"
);

const DELIVERIES_DEAD: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM outbox WHERE id > $1 AND state = 'dead' AND state = $3 ORDER BY id LIMIT $2"
);

pub(super) fn deliveries_in(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Delivering | DeliveryState::Failing => DELIVERIES_OPEN,
        DeliveryState::Delivered | DeliveryState::Acknowledged => DELIVERIES_DONE,
        DeliveryState::Dead => DELIVERIES_DEAD,
    }
}

/// Whoever has the referral has its first message, however it came. A later one that was never
/// delivered is news that nobody has: it stays open.
pub(super) const ACKNOWLEDGE: &str = concat!(
    "UPDATE outbox SET state = 'acknowledged', acknowledged_at = $2, by_wrapped_key = $3, \
     by_record = $4 WHERE id = $1 AND acknowledged_at IS NULL \
     AND (delivered_at IS NOT NULL OR sequence = 1 OR state = 'dead') RETURNING ",
    outbox_columns!()
);

/// An acknowledged message is with a person: it is not dead. There is no next attempt; the time
/// of death takes its place.
pub(super) const DEAD: &str = concat!(
    "UPDATE outbox SET state = 'dead', leased_until = NULL, last_fault = 'dead-lettered', \
     next_attempt_at = $2 WHERE id = $1 AND state NOT IN ('dead', 'acknowledged') RETURNING ",
    outbox_columns!()
);

/// Whoever has its lease keeps it.
pub(super) const REDRIVE: &str = "UPDATE outbox SET state = 'delivering', delivered_at = NULL, \
     taken_at = NULL, attempts = 0, next_attempt_at = $2 WHERE id = $1";

pub(super) const REVIVE: &str = "UPDATE outbox SET state = 'delivering', delivered_at = NULL, \
     taken_at = NULL, attempts = 0, next_attempt_at = $2 \
     WHERE state = 'dead' AND id IN (SELECT id FROM outbox WHERE state = 'dead' \
         AND destination = $1 AND next_attempt_at + CASE \
             WHEN next_attempt_at - created_at < $3 THEN $3 \
             WHEN next_attempt_at - created_at > $4 THEN $4 \
             ELSE next_attempt_at - created_at END <= $2 LIMIT $5) \
     RETURNING id, referral";

pub(super) const NOTE_TAKEN: &str = "UPDATE outbox SET taken_at = coalesce(taken_at, $3) \
     WHERE id = $1 AND destination = $2";

pub(super) const CHAIN_LINKS: &str = "SELECT number, at, events, mac FROM audit_link \
     WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3";

pub(super) const ADD_CHAIN_LINK: &str =
    "INSERT INTO audit_link (chain, number, at, events, mac) VALUES ($1, $2, $3, $4, $5)";

pub(super) const MOVE_CHAIN_HEAD: &str =
    "UPDATE audit_head SET number = $2, mac = $3 WHERE chain = $1";

// Counts.

/// Since `$1`, and whatever is still open. Ids begin with the time: `$2` is the least that a
/// message made at `$1` can have.
pub(super) const STANDING_DELIVERIES: &str = concat!(
    "SELECT destination, priority, state, count(*), min(created_at) FROM (\
         SELECT destination, priority, state, created_at FROM outbox \
         WHERE id >= $2 AND created_at >= $1 \
         UNION ALL SELECT destination, priority, state, created_at FROM outbox \
         WHERE created_at < $1 AND ",
    open!(),
    ") AS standing \
     GROUP BY destination, priority, state ORDER BY destination, priority DESC, state"
);

/// Those whose clock is running, and of those that are late the oldest of each destination, from
/// one step of the index to the next.
pub(super) const UNACKNOWLEDGED: &str = "WITH RECURSIVE late (destination) AS (\
         SELECT min(destination) FROM outbox \
         WHERE breached_at IS NOT NULL AND acknowledged_at IS NULL \
         UNION ALL SELECT (SELECT min(o.destination) FROM outbox o \
             WHERE o.breached_at IS NOT NULL AND o.acknowledged_at IS NULL \
             AND o.destination > late.destination) \
         FROM late WHERE late.destination IS NOT NULL) \
     SELECT destination, min(delivered_at) FROM (\
         SELECT destination, delivered_at FROM outbox WHERE due_at > 0 \
         AND acknowledged_at IS NULL AND breached_at IS NULL AND state = 'delivered' \
         UNION ALL SELECT destination, (SELECT min(o.delivered_at) FROM outbox o \
             WHERE o.breached_at IS NOT NULL AND o.acknowledged_at IS NULL \
             AND o.destination = late.destination AND o.delivered_at > 0 \
             AND o.state = 'delivered') \
         FROM late WHERE destination IS NOT NULL) AS waiting \
     WHERE delivered_at IS NOT NULL GROUP BY destination ORDER BY destination";

pub(super) const WAITING: &str =
    concat!("SELECT min(created_at), count(*) FROM outbox WHERE ", open!());

pub(super) const OPEN_REFUSALS: &str = "SELECT agency, count(*), min(received_at) FROM refusal \
     WHERE cleared_at IS NULL GROUP BY agency ORDER BY agency";

pub(super) const COUNT_PEOPLE: &str = "SELECT count(*) FROM person";

// Credentials.

pub(super) const KEYS: &str = "SELECT id, owner_kind, owner, hash, created_at, expires_at, \
     revoked_at FROM credential ORDER BY created_at, id";

pub(super) const ADD_KEY: &str = "INSERT INTO credential (id, owner_kind, owner, hash, \
     created_at, expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const EXPIRE_KEY: &str = "UPDATE credential SET expires_at = $2 WHERE id = $1";

pub(super) const REVOKE_KEY: &str = "UPDATE credential SET revoked_at = $2 WHERE id = $1";

pub(super) const KEEP: &str =
    "INSERT INTO kept (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

pub(super) const KEPT: &str = "SELECT value FROM kept WHERE name = $1";

// The embedded broker's queues.

pub(super) const QUEUE_BURY: &str =
    "DELETE FROM queued WHERE id = $1 AND destination = $2 AND dead";

pub(super) const QUEUE_TAKE: &str = "DELETE FROM queued WHERE position = (\
     SELECT position FROM queued WHERE id = $1 AND destination = $2 AND NOT dead \
     ORDER BY CASE WHEN leased_until IS NULL THEN 1 ELSE 0 END, position LIMIT 1)";

pub(super) const QUEUE_DEPTH: &str =
    "SELECT count(*) FROM queued WHERE destination = $1 AND NOT dead";

pub(super) const QUEUE_DEAD: &str = "SELECT id, destination, priority, payload, deliveries, \
     position FROM queued WHERE dead ORDER BY position LIMIT $1";

/// Messages that came back after their first lease and twenty more: RabbitMQ's queues have an
/// `x-delivery-limit` of 20 returns. The number is in the index's predicate as well.
pub(super) const QUEUE_EXHAUST: &str = "UPDATE queued SET dead = true WHERE destination = $1 \
     AND NOT dead AND deliveries > 20 AND leased_until <= $2";

/// A referral decided again, at the revision that was read: its sender has added nothing.
pub(super) const REVISIT: &str = "UPDATE referral SET respond_by = $3, level = $4, \
     level_rank = $5, priority = $6, policy_hash = $7, record = $8 \
     WHERE id = $1 AND revision = $2";

/// Why an addition is refused that was made to an older revision, or twice in one batch.
pub(super) const OVERTAKEN: &str =
    "the referral was added to meanwhile; read it again and repeat the addition";

pub(super) const COPY_IS_THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM outbox WHERE copy_of = $1 AND copy_why = $2)";

/// Unique, so of two relays at once one fails, and finds the copy when it repeats.
pub(super) const MARK_COPY: &str = "UPDATE outbox SET copy_of = $2, copy_why = $3 WHERE id = $1";

// Records of the authority's that were merged: see `families.rs`.

/// Takes back merges that would make `$1` the survivor of `$2` by way of others: the later
/// statement says that it is the other way round.
pub(super) const NOTE: &str = "INSERT INTO kept (name, value) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";

pub(super) const FORGET_NOTE: &str = "DELETE FROM kept WHERE name = $1";
