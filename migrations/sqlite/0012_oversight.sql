-- As PostgreSQL's: what is out of the ordinary in how agencies refer. `agency` is empty where it is
-- about nobody in particular.
CREATE TABLE alarm (
    kind     TEXT NOT NULL,
    agency   TEXT NOT NULL,
    since    INTEGER NOT NULL,
    ended_at INTEGER,
    told_at  INTEGER,
    PRIMARY KEY (kind, agency)
) WITHOUT ROWID;

-- When an agency began to refer. Totals are written by the clocks, so that no referral pays.
CREATE INDEX tally_received ON tally (agency, hour) WHERE what = 'received';
