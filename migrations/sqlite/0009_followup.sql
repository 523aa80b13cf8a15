-- As PostgreSQL's: what receiving teams recorded of referrals, and the clocks that run until they
-- have.

-- Append-only. Sealed: who recorded it, the rationale and all the rest. `told` is whether a person
-- has released it to the sender, `body` by what the same outcome is known when it comes again.
CREATE TABLE outcome (
    id             BLOB NOT NULL PRIMARY KEY,
    referral       BLOB NOT NULL,
    destination    TEXT NOT NULL,
    code           TEXT NOT NULL,
    level          TEXT,
    level_rank     INTEGER,
    suggested_rank INTEGER NOT NULL,
    told           BOOLEAN NOT NULL,
    at             INTEGER NOT NULL,
    body           BLOB NOT NULL,
    wrapped_key    BLOB NOT NULL,
    record         BLOB NOT NULL
);
CREATE INDEX outcome_referral ON outcome (referral);
CREATE INDEX outcome_at ON outcome (at);

-- A clock of one destination for one referral. `stage`: 0 green, 1 amber, 2 red. `next_at` is when
-- it changes next; null once it has ended, so that clocks are evaluated without looking at those
-- that have not come to it.
CREATE TABLE clock (
    referral           BLOB NOT NULL,
    destination        TEXT NOT NULL,
    kind               TEXT NOT NULL,
    purpose            TEXT NOT NULL,
    priority           INTEGER NOT NULL,
    started_at         INTEGER NOT NULL,
    amber_at           INTEGER NOT NULL,
    due_at             INTEGER NOT NULL,
    -- A named person's acknowledgement is all that is asked for.
    by_acknowledgement BOOLEAN NOT NULL,
    stage              INTEGER NOT NULL,
    alerts             INTEGER NOT NULL,
    next_at            INTEGER,
    ended_at           INTEGER,
    PRIMARY KEY (referral, destination, kind)
) WITHOUT ROWID;
CREATE INDEX clock_next ON clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX clock_open ON clock (destination, due_at, referral, kind) WHERE ended_at IS NULL;
-- How many a team has decided of late.
CREATE INDEX clock_ended ON clock (destination, ended_at)
    WHERE ended_at IS NOT NULL AND kind = 'respond';
