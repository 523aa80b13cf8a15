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

ALTER TABLE person ADD COLUMN merged_seq INTEGER;
ALTER TABLE person ADD COLUMN merged_at INTEGER;
UPDATE person SET merged_seq = coalesce(changed, 0), merged_at = coalesce(as_of, 0)
    WHERE merged_into IS NOT NULL;
