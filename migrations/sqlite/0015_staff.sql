-- As PostgreSQL's: people who sign in. `sign_in` is the blind token of the name that they type;
-- sealed: both names, the password's hash and the secret of the authenticator app. `last_step` is
-- the thirty seconds whose code was taken last: no code is taken twice.
CREATE TABLE staff (
    id            BLOB NOT NULL PRIMARY KEY,
    sign_in       BLOB NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    agency        TEXT,
    destination   TEXT,
    lead          BOOLEAN NOT NULL,
    state         TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    made_at       INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    initial_until INTEGER,
    last_step     INTEGER,
    wrapped_key   BLOB NOT NULL,
    record        BLOB NOT NULL
);

-- Recovery codes, and the codes of a sender's printed list, as keyed hashes.
CREATE TABLE staff_code (
    staff   BLOB NOT NULL,
    code    BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (staff, code)
);

-- Sessions, by the SHA-256 of the token that the browser holds. `second_at` is empty while the
-- second step is due: such a session opens nothing.
CREATE TABLE session (
    key       BLOB NOT NULL PRIMARY KEY,
    staff     BLOB NOT NULL,
    made_at   INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL,
    second_at INTEGER,
    ended_at  INTEGER
);
CREATE INDEX session_staff ON session (staff) WHERE ended_at IS NULL;
CREATE INDEX session_made ON session (made_at);

-- Failed sign-ins in a row, by the blind token of a name, a browser or an address; of names that
-- nobody has as well, so that waiting tells nothing.
CREATE TABLE sign_in_failure (
    key        BLOB NOT NULL PRIMARY KEY,
    count      INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    wait_until INTEGER NOT NULL
);
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);

-- Forms that were sent, with the first answer, for whoever presses twice.
CREATE TABLE form_press (
    key         BLOB NOT NULL PRIMARY KEY,
    pressed_at  INTEGER NOT NULL,
    answered_at INTEGER,
    answer      BLOB
);
CREATE INDEX form_press_pressed ON form_press (pressed_at);
