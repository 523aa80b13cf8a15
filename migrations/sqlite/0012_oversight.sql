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

-- Since when an agency is active, as a gateway saw it first in the configuration.
CREATE TABLE agency_active (
    agency TEXT NOT NULL PRIMARY KEY,
    since  INTEGER NOT NULL
) WITHOUT ROWID;

-- When an agency began to refer. Totals are written by the clocks, so that no referral pays.
CREATE INDEX tally_received ON tally (agency, hour) WHERE what = 'received';

-- Weeks of which outcomes were drawn to be decided again, by when they began.
CREATE TABLE second_look_week (
    week     INTEGER NOT NULL PRIMARY KEY,
    drawn_at INTEGER NOT NULL
);

-- What was drawn, by a random id: an outcome's own would tell when it was recorded. `destination` is
-- whose decision it was. Sealed: who decided again, and why.
CREATE TABLE second_look (
    id           BLOB NOT NULL PRIMARY KEY,
    outcome      BLOB NOT NULL UNIQUE,
    referral     BLOB NOT NULL,
    destination  TEXT NOT NULL,
    drawn_at     INTEGER NOT NULL,
    looked_at    INTEGER,
    looked_by    TEXT,
    second_level TEXT,
    agrees       BOOLEAN,
    wrapped_key  BLOB,
    record       BLOB
);
CREATE INDEX second_look_waits ON second_look (drawn_at, id) WHERE looked_at IS NULL;
CREATE INDEX second_look_drawn ON second_look (drawn_at);

-- What a second person found in an outcome, by the codes of outcomes.yaml.
CREATE TABLE second_look_theme (
    look        BLOB NOT NULL,
    theme       TEXT NOT NULL,
    destination TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (look, theme)
) WITHOUT ROWID;
CREATE INDEX second_look_theme_at ON second_look_theme (at);
