-- What people say of matches, as PostgreSQL's. A program that does not know it would take a
-- separated pair for a linked one, so this is no mere addition.

-- The person's decision by which a statement stands; null where the machine made it.
ALTER TABLE link ADD COLUMN decision BLOB;
CREATE INDEX link_possible ON link (referral, child, person) WHERE state = 'possible';
CREATE INDEX link_decided ON link (referral, child, person) WHERE decision IS NOT NULL;

-- Append-only: what was said, by whom and why (sealed).
CREATE TABLE match_decision (
    id          BLOB NOT NULL PRIMARY KEY,
    referral    BLOB NOT NULL,
    child       INTEGER NOT NULL,
    person      BLOB NOT NULL,
    word        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL
);

-- Append-only, a row for each of the two; of several about a pair the last batch's holds.
CREATE TABLE apart (
    one      BLOB NOT NULL,
    other    BLOB NOT NULL,
    lane_seq INTEGER NOT NULL,
    stands   BOOLEAN NOT NULL,
    at       INTEGER NOT NULL,
    decision BLOB NOT NULL
);
CREATE INDEX apart_one ON apart (one, other);

-- Wrong history that a destination was sent; the message takes it back.
CREATE TABLE withdrawal (
    message  BLOB NOT NULL PRIMARY KEY,
    referral BLOB NOT NULL,
    person   BLOB NOT NULL,
    kind     TEXT NOT NULL,
    sent_at  INTEGER NOT NULL,
    at       INTEGER NOT NULL
);

-- Why a record is open to named people only: `yes`, `adoption`, `staff` or `address`.
ALTER TABLE person ADD COLUMN restriction TEXT;
