-- What receiving teams recorded of referrals, and the clocks that run until they have.

-- Append-only. Sealed: who recorded it, the rationale and all the rest. `told` is whether a person
-- has released it to the sender, `body` by what the same outcome is known when it comes again.
CREATE TABLE outcome (
    id             uuid PRIMARY KEY,
    referral       uuid NOT NULL,
    destination    text NOT NULL,
    code           text NOT NULL,
    level          text,
    level_rank     smallint,
    suggested_rank smallint NOT NULL,
    told           boolean NOT NULL,
    at             bigint NOT NULL,
    body           bytea NOT NULL,
    wrapped_key    bytea NOT NULL,
    record         bytea NOT NULL
);
CREATE INDEX outcome_referral ON outcome (referral);
CREATE INDEX outcome_at ON outcome (at);

-- A clock of one destination for one referral. `stage`: 0 green, 1 amber, 2 red. `next_at` is when
-- it changes next; null once it has ended, so that clocks are evaluated without looking at those
-- that have not come to it.
CREATE TABLE clock (
    referral           uuid NOT NULL,
    destination        text NOT NULL,
    kind               text NOT NULL,
    purpose            text NOT NULL,
    priority           smallint NOT NULL,
    started_at         bigint NOT NULL,
    amber_at           bigint NOT NULL,
    due_at             bigint NOT NULL,
    -- A named person's acknowledgement is all that is asked for.
    by_acknowledgement boolean NOT NULL,
    stage              smallint NOT NULL,
    alerts             integer NOT NULL,
    next_at            bigint,
    ended_at           bigint,
    PRIMARY KEY (referral, destination, kind)
);
CREATE INDEX clock_next ON clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX clock_open ON clock (destination, due_at, referral, kind) WHERE ended_at IS NULL;
-- How many a team has decided of late.
CREATE INDEX clock_ended ON clock (destination, ended_at)
    WHERE ended_at IS NOT NULL AND kind = 'respond';

ALTER TABLE clock SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE outcome SET (autovacuum_analyze_threshold = 1000000000);
