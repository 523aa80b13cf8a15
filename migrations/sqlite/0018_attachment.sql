-- As PostgreSQL's: documents that senders add. `kind` is the media type that the bytes were found to be,
-- `key` the blind token of the sender's Idempotency-Key, `body` that of the bytes: the same file sent
-- twice to one referral is kept once. Sealed: its name here, its bytes in `attachment_content`.
-- `signature` is what the scanner calls what it found. `to_tell` while receiving teams are to be told
-- how it stands.
CREATE TABLE attachment (
    id              BLOB NOT NULL PRIMARY KEY,
    referral        BLOB NOT NULL,
    agency          TEXT NOT NULL,
    received_at     INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    size            INTEGER NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_fault      TEXT,
    scanned_at      INTEGER,
    signature       TEXT,
    to_tell         BOOLEAN NOT NULL,
    told_at         INTEGER,
    key             BLOB UNIQUE,
    body            BLOB NOT NULL,
    wrapped_key     BLOB NOT NULL,
    record          BLOB NOT NULL,
    UNIQUE (referral, body)
);
CREATE INDEX attachment_unscanned ON attachment (next_attempt_at) WHERE state = 'quarantined';
CREATE INDEX attachment_infected ON attachment (scanned_at) WHERE state = 'infected';
CREATE INDEX attachment_to_tell ON attachment (id) WHERE to_tell;

-- Apart, so that a list and a change of state touch no bytes.
CREATE TABLE attachment_content (
    attachment BLOB NOT NULL PRIMARY KEY,
    content    BLOB NOT NULL
);
