-- People of the authority's own records of whom something is new, until earlier referrals were
-- looked at for it. Rows become visible in their order, since each is written under the lane's
-- lock.
CREATE TABLE news (
    lane_seq bigint NOT NULL,
    person   uuid NOT NULL,
    PRIMARY KEY (lane_seq, person)
);
