-- What people say of matches. A program that does not know it would take a separated pair for a
-- linked one, so this is no mere addition.

-- The person's decision by which a statement stands; null where the machine made it.
ALTER TABLE link ADD COLUMN decision uuid;
CREATE INDEX link_possible ON link (referral, child, person) WHERE state = 'possible';
CREATE INDEX link_decided ON link (referral, child, person) WHERE decision IS NOT NULL;

-- Append-only: what was said, by whom and why (sealed).
CREATE TABLE match_decision (
    id          uuid PRIMARY KEY,
    referral    uuid NOT NULL,
    child       integer NOT NULL,
    person      uuid NOT NULL,
    word        text NOT NULL,
    at          bigint NOT NULL,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL
);

-- Append-only, a row for each of the two; of several about a pair the last batch's holds.
CREATE TABLE apart (
    one      uuid NOT NULL,
    other    uuid NOT NULL,
    lane_seq bigint NOT NULL,
    stands   boolean NOT NULL,
    at       bigint NOT NULL,
    decision uuid NOT NULL
);
CREATE INDEX apart_one ON apart (one, other);

-- Wrong history that a destination was sent; the message takes it back.
CREATE TABLE withdrawal (
    message  uuid PRIMARY KEY,
    referral uuid NOT NULL,
    person   uuid NOT NULL,
    kind     text NOT NULL,
    sent_at  bigint NOT NULL,
    at       bigint NOT NULL
);

-- Why a record is open to named people only: `yes`, `adoption`, `staff` or `address`.
ALTER TABLE person ADD COLUMN restriction text;
