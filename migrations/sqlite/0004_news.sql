-- As PostgreSQL's: people of the authority's own records of whom something is new, until earlier
-- referrals were looked at for it.
CREATE TABLE news (
    lane_seq INTEGER NOT NULL,
    person   BLOB NOT NULL,
    PRIMARY KEY (lane_seq, person)
) WITHOUT ROWID;
