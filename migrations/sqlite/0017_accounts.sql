-- As PostgreSQL's: accounts and sessions anew, before anybody could sign in; accounts that were
-- made are made again.
--
-- `sign_in` is the blind token of the name that people type, `initial` that of the password that
-- somebody else chose. Sealed under post, state and revision: both names, the password's hash and
-- the secret of the authenticator app. `last_step` is the thirty seconds whose code was taken last:
-- no code is taken twice.
DROP TABLE staff;
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
    initial       BLOB,
    initial_until INTEGER,
    last_step     INTEGER,
    wrapped_key   BLOB NOT NULL,
    record        BLOB NOT NULL
);

-- Sessions, by a keyed hash of the token that the browser holds. One is open while the account has
-- the revision that it was opened on. `second_at` is empty while the second step is due: such a
-- session opens nothing; `tries` counts what was tried as its second step.
DROP TABLE session;
CREATE TABLE session (
    key       BLOB NOT NULL PRIMARY KEY,
    staff     BLOB NOT NULL,
    revision  INTEGER NOT NULL,
    made_at   INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL,
    second_at INTEGER,
    tries     INTEGER NOT NULL,
    ended_at  INTEGER
);
CREATE INDEX session_half ON session (staff) WHERE second_at IS NULL AND ended_at IS NULL;
CREATE INDEX session_made ON session (made_at);

DELETE FROM staff_code;
