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

-- Since when an agency is active, as a gateway saw it first in the configuration.
CREATE TABLE agency_active (
    agency text NOT NULL PRIMARY KEY,
    since  bigint NOT NULL
);

-- When an agency began to refer. Totals are written by the clocks, so that no referral pays.
CREATE INDEX tally_received ON tally (agency, hour) WHERE what = 'received';

-- Weeks of which outcomes were drawn to be decided again, by when they began.
CREATE TABLE second_look_week (
    week     bigint PRIMARY KEY,
    drawn_at bigint NOT NULL
);

-- What was drawn, by a random id: an outcome's own would tell when it was recorded. `destination` is
-- whose decision it was. Sealed: who decided again, and why.
CREATE TABLE second_look (
    id           uuid PRIMARY KEY,
    outcome      uuid NOT NULL UNIQUE,
    referral     uuid NOT NULL,
    destination  text NOT NULL,
    drawn_at     bigint NOT NULL,
    looked_at    bigint,
    looked_by    text,
    second_level text,
    agrees       boolean,
    wrapped_key  bytea,
    record       bytea
);
CREATE INDEX second_look_waits ON second_look (drawn_at, id) WHERE looked_at IS NULL;
CREATE INDEX second_look_drawn ON second_look (drawn_at);

-- What a second person found in an outcome, by the codes of outcomes.yaml.
CREATE TABLE second_look_theme (
    look        uuid NOT NULL,
    theme       text NOT NULL,
    destination text NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (look, theme)
);
CREATE INDEX second_look_theme_at ON second_look_theme (at);
