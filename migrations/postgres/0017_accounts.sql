-- Accounts and sessions anew, before anybody could sign in: accounts that were made are made again.
--
-- `sign_in` is the blind token of the name that people type, `initial` that of the password that
-- somebody else chose. Sealed under post, state and revision: both names, the password's hash and
-- the secret of the authenticator app. `last_step` is the thirty seconds whose code was taken last:
-- no code is taken twice.
DROP TABLE staff;
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
    initial       bytea,
    initial_until bigint,
    last_step     bigint,
    wrapped_key   bytea NOT NULL,
    record        bytea NOT NULL
);

-- Sessions, by a keyed hash of the token that the browser holds. One is open while the account has
-- the revision that it was opened on. `second_at` is empty while the second step is due: such a
-- session opens nothing; `tries` counts what was tried as its second step.
DROP TABLE session;
CREATE TABLE session (
    key       bytea PRIMARY KEY,
    staff     uuid NOT NULL,
    revision  bigint NOT NULL,
    made_at   bigint NOT NULL,
    seen_at   bigint NOT NULL,
    second_at bigint,
    tries     bigint NOT NULL,
    ended_at  bigint
);
CREATE INDEX session_half ON session (staff) WHERE second_at IS NULL AND ended_at IS NULL;
CREATE INDEX session_made ON session (made_at);

DELETE FROM staff_code;
