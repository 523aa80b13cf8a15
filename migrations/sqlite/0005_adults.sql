-- As PostgreSQL's: the adults of referrals, so that whoever harmed one family's children is seen in
-- another's.

-- Sealed: what the adult is to the children, and the linkage profile. `n` is the place within the
-- referral. Written again, and compared again, when the referral is added to.
CREATE TABLE adult (
    referral BLOB NOT NULL,
    n        INTEGER NOT NULL,
    lane_seq INTEGER NOT NULL,
    profile  BLOB NOT NULL,
    compared BOOLEAN NOT NULL,
    PRIMARY KEY (referral, n)
) WITHOUT ROWID;
CREATE INDEX adult_waiting ON adult (lane_seq, referral, n) WHERE NOT compared;

CREATE TABLE adult_token (
    token    INTEGER NOT NULL,
    referral BLOB NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (token, referral, n)
) WITHOUT ROWID;
-- An addition takes away those that its referral has no more.
CREATE INDEX adult_token_referral ON adult_token (referral);

-- Append-only: an adult of a later referral who may be one of an earlier. The same two are there
-- again when one of them is later said to have harmed a child.
CREATE TABLE adult_match (
    id        BLOB NOT NULL PRIMARY KEY,
    later     BLOB NOT NULL,
    later_n   INTEGER NOT NULL,
    earlier   BLOB NOT NULL,
    earlier_n INTEGER NOT NULL,
    alleged   BOOLEAN NOT NULL,
    weight    REAL NOT NULL,
    at        INTEGER NOT NULL
);
CREATE UNIQUE INDEX adult_match_pair ON adult_match
    (later, later_n, earlier, earlier_n, alleged);

-- Append-only: what a person said of such a match, by whom and why (sealed). The last one holds.
CREATE TABLE adult_decision (
    adult_match BLOB NOT NULL,
    number      INTEGER NOT NULL,
    word        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL,
    PRIMARY KEY (adult_match, number)
);
