-- The adults of referrals, so that whoever harmed one family's children is seen in another's.

-- Sealed: what the adult is to the children, and the linkage profile. `n` is the place within the
-- referral. Written again, and compared again, when the referral is added to.
CREATE TABLE adult (
    referral uuid NOT NULL,
    n        integer NOT NULL,
    lane_seq bigint NOT NULL,
    profile  bytea NOT NULL,
    compared boolean NOT NULL,
    PRIMARY KEY (referral, n)
);
ALTER TABLE adult ALTER COLUMN profile SET STORAGE EXTERNAL;
CREATE INDEX adult_waiting ON adult (lane_seq, referral, n) WHERE NOT compared;

CREATE TABLE adult_token (
    token    bigint NOT NULL,
    referral uuid NOT NULL,
    n        integer NOT NULL,
    PRIMARY KEY (token, referral, n)
);
-- An addition takes away those that its referral has no more.
CREATE INDEX adult_token_referral ON adult_token (referral);

-- Append-only: an adult of a later referral who may be one of an earlier. The same two are there
-- again when one of them is later said to have harmed a child.
CREATE TABLE adult_match (
    id        uuid PRIMARY KEY,
    later     uuid NOT NULL,
    later_n   integer NOT NULL,
    earlier   uuid NOT NULL,
    earlier_n integer NOT NULL,
    alleged   boolean NOT NULL,
    weight    real NOT NULL,
    at        bigint NOT NULL
);
CREATE UNIQUE INDEX adult_match_pair ON adult_match
    (later, later_n, earlier, earlier_n, alleged);

-- Append-only: what a person said of such a match, by whom and why (sealed). The last one holds.
CREATE TABLE adult_decision (
    adult_match uuid NOT NULL,
    number      integer NOT NULL,
    word        text NOT NULL,
    at          bigint NOT NULL,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL,
    PRIMARY KEY (adult_match, number)
);

ALTER TABLE adult SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE adult_token SET (autovacuum_analyze_threshold = 1000000000);
