-- As PostgreSQL's: destinations that people have paused. Over when `until` is; `reason` is a code.
CREATE TABLE destination_pause (
    destination TEXT NOT NULL PRIMARY KEY,
    reason      TEXT NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    paused_by   TEXT NOT NULL
) WITHOUT ROWID;
