-- Documents that senders add to referrals. `kind` is the media type that the bytes were found to be,
-- `key` the blind token of the sender's Idempotency-Key, `body` that of the bytes: the same file sent
-- twice to one referral is kept once. Sealed: its name here, its bytes in `attachment_content`.
-- `signature` is what the scanner calls what it found. `to_tell` while receiving teams are to be told
-- how it stands.
CREATE TABLE attachment (
    id              uuid PRIMARY KEY,
    referral        uuid NOT NULL,
    agency          text NOT NULL,
    received_at     bigint NOT NULL,
    kind            text NOT NULL,
    size            bigint NOT NULL,
    state           text NOT NULL,
    attempts        integer NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_fault      text,
    scanned_at      bigint,
    signature       text,
    to_tell         boolean NOT NULL,
    told_at         bigint,
    key             bytea UNIQUE,
    body            bytea NOT NULL,
    wrapped_key     bytea NOT NULL,
    record          bytea NOT NULL,
    UNIQUE (referral, body)
);
CREATE INDEX attachment_unscanned ON attachment (next_attempt_at) WHERE state = 'quarantined';
CREATE INDEX attachment_infected ON attachment (scanned_at) WHERE state = 'infected';
CREATE INDEX attachment_to_tell ON attachment (id) WHERE to_tell;

-- Apart, so that a list and a change of state touch no bytes.
CREATE TABLE attachment_content (
    attachment uuid PRIMARY KEY,
    content    bytea NOT NULL
);
-- It is sealed: compressing it again is time lost.
ALTER TABLE attachment_content ALTER COLUMN content SET STORAGE EXTERNAL;
