-- People who sign in. `sign_in` is the blind token of the name that they type; sealed: both names,
-- the password's hash and the secret of the authenticator app. `last_step` is the thirty seconds
-- whose code was taken last: no code is taken twice.
CREATE TABLE staff (
    id            uuid PRIMARY KEY,
    sign_in       bytea NOT NULL UNIQUE,
    role          text NOT NULL,
    agency        text,
    destination   text,
    lead          boolean NOT NULL,
    state         text NOT NULL,
    revision      bigint NOT NULL,
    made_at       bigint NOT NULL,
    changed_at    bigint NOT NULL,
    initial_until bigint,
    last_step     bigint,
    wrapped_key   bytea NOT NULL,
    record        bytea NOT NULL
);

-- Recovery codes, and the codes of a sender's printed list, as keyed hashes.
CREATE TABLE staff_code (
    staff   uuid NOT NULL,
    code    bytea NOT NULL,
    used_at bigint,
    PRIMARY KEY (staff, code)
);

-- Sessions, by the SHA-256 of the token that the browser holds. `second_at` is empty while the
-- second step is due: such a session opens nothing.
CREATE TABLE session (
    key       bytea PRIMARY KEY,
    staff     uuid NOT NULL,
    made_at   bigint NOT NULL,
    seen_at   bigint NOT NULL,
    second_at bigint,
    ended_at  bigint
);
CREATE INDEX session_staff ON session (staff) WHERE ended_at IS NULL;
CREATE INDEX session_made ON session (made_at);

-- Failed sign-ins in a row, by the blind token of a name, a browser or an address; of names that
-- nobody has as well, so that waiting tells nothing.
CREATE TABLE sign_in_failure (
    key        bytea PRIMARY KEY,
    count      bigint NOT NULL,
    last_at    bigint NOT NULL,
    wait_until bigint NOT NULL
);
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);

-- Forms that were sent, with the first answer, for whoever presses twice.
CREATE TABLE form_press (
    key         bytea PRIMARY KEY,
    pressed_at  bigint NOT NULL,
    answered_at bigint,
    answer      bytea
);
CREATE INDEX form_press_pressed ON form_press (pressed_at);
