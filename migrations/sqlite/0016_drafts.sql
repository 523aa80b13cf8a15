-- As PostgreSQL's: referrals that are being written at a screen, and who wrote those that were sent.
-- Sealed: what is written. A draft that was sent or taken away holds nothing of it any more.
-- `closed`: nobody but its author sees it, and it is in no list of the agency's.
CREATE TABLE draft (
    id          BLOB NOT NULL PRIMARY KEY,
    agency      TEXT NOT NULL,
    author      BLOB NOT NULL,
    closed      BOOLEAN NOT NULL,
    state       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    reference   TEXT UNIQUE,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL
);
CREATE INDEX draft_author ON draft (author, state, changed_at);
CREATE INDEX draft_agency ON draft (agency, state, changed_at) WHERE NOT closed;
CREATE INDEX draft_open ON draft (agency, changed_at) WHERE state = 'open' AND NOT closed;
