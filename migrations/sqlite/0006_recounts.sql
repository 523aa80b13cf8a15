-- As PostgreSQL's: referrals that were decided with a history that was wrong, until they are decided
-- again; and since when a record has counted as its survivor's.
CREATE TABLE recount (
    lane_seq INTEGER NOT NULL,
    referral BLOB NOT NULL,
    person   BLOB NOT NULL,
    since    INTEGER NOT NULL,
    decision BLOB,
    PRIMARY KEY (lane_seq, referral, person)
) WITHOUT ROWID;

ALTER TABLE person ADD COLUMN merged_at INTEGER;
