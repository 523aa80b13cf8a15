-- Destinations that people have paused. Over when `until` is; `reason` is a code.
CREATE TABLE destination_pause (
    destination text NOT NULL PRIMARY KEY,
    reason      text NOT NULL,
    since       bigint NOT NULL,
    until       bigint NOT NULL,
    paused_by   text NOT NULL
);
