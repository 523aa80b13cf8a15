-- Referrals that were decided with a history that was wrong, until they are decided again. A program
-- that does not know them would leave them as they are.
CREATE TABLE recount (
    lane_seq bigint NOT NULL,
    referral uuid NOT NULL,
    person   uuid NOT NULL,
    since    bigint NOT NULL,
    decision uuid,
    PRIMARY KEY (lane_seq, referral, person)
);

-- Since when a record has counted as its survivor's.
ALTER TABLE person ADD COLUMN merged_seq bigint;
ALTER TABLE person ADD COLUMN merged_at bigint;
UPDATE person SET merged_seq = coalesce(changed, 0), merged_at = coalesce(as_of, 0)
    WHERE merged_into IS NOT NULL;
