-- What is out of the ordinary in how agencies refer. `agency` is empty where it is about nobody in
-- particular.
CREATE TABLE alarm (
    kind     text NOT NULL,
    agency   text NOT NULL,
    since    bigint NOT NULL,
    ended_at bigint,
    told_at  bigint,
    PRIMARY KEY (kind, agency)
);

-- When an agency began to refer. Totals are written by the clocks, so that no referral pays.
CREATE INDEX tally_received ON tally (agency, hour) WHERE what = 'received';
