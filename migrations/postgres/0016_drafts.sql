-- Referrals that are being written at a screen, and who wrote those that were sent. Sealed: what is
-- written. A draft that was sent or taken away holds nothing of it any more. `closed`: nobody but
-- its author sees it, and it is in no list of the agency's.
CREATE TABLE draft (
    id          uuid PRIMARY KEY,
    agency      text NOT NULL,
    author      uuid NOT NULL,
    closed      boolean NOT NULL,
    state       text NOT NULL,
    revision    bigint NOT NULL,
    made_at     bigint NOT NULL,
    changed_at  bigint NOT NULL,
    reference   text UNIQUE,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL
);
CREATE INDEX draft_author ON draft (author, state, changed_at);
CREATE INDEX draft_agency ON draft (agency, state, changed_at) WHERE NOT closed;
CREATE INDEX draft_open ON draft (agency, changed_at) WHERE state = 'open' AND NOT closed;
