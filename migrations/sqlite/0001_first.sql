-- The first schema, as PostgreSQL's. Times are microseconds since 1970 in UTC. Which columns are
-- clear, sealed or blind tokens stands in src/store/columns.rs, and a test compares.
--
-- No foreign keys, as in PostgreSQL: rows that belong together are written in one transaction by
-- one writer.

-- Values kept once, such as the wrapped authority keys.
CREATE TABLE kept (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE credential (
    id         TEXT NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL,
    owner      TEXT NOT NULL,
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
);

-- One row: the number of the last batch that wrote people. Read and advanced under the lane's
-- lock, so that numbers become visible in their order.
CREATE TABLE lane (
    sole INTEGER PRIMARY KEY DEFAULT 1 CHECK (sole = 1),
    seq  INTEGER NOT NULL
);
INSERT INTO lane (seq) VALUES (0);

CREATE TABLE referral (
    id          BLOB NOT NULL PRIMARY KEY,
    reference   TEXT NOT NULL UNIQUE,
    agency      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    respond_by  INTEGER NOT NULL,
    level       TEXT NOT NULL,
    level_rank  INTEGER NOT NULL,
    -- 0 standard, 1 urgent, 2 immediate; the same wherever a priority is kept.
    priority    INTEGER NOT NULL,
    score       INTEGER NOT NULL,
    policy_hash TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL
);

CREATE TABLE information (
    referral    BLOB NOT NULL,
    -- The referral's revision that this addition made.
    revision    INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    raw         BLOB NOT NULL,
    PRIMARY KEY (referral, revision)
);

CREATE TABLE person (
    id          BLOB NOT NULL PRIMARY KEY,
    created_at  INTEGER NOT NULL,
    profile     BLOB NOT NULL,
    case_status TEXT NOT NULL,
    case_team   TEXT,
    restricted  BOOLEAN NOT NULL,
    as_of       INTEGER,
    source      BLOB,
    -- The batch that changed the person last, if one did since the batch that made it.
    changed     INTEGER,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL
);
-- People made by referrals have no source and cost nothing here.
CREATE UNIQUE INDEX person_source ON person (source) WHERE source IS NOT NULL;
CREATE INDEX person_changed ON person (changed) WHERE changed IS NOT NULL;

-- lane_seq is the batch that wrote the row: what a batch missed by reading ahead of its lock has
-- a greater one than the batch's horizon, or is of a person changed since.
CREATE TABLE person_token (
    person   BLOB NOT NULL,
    token    INTEGER NOT NULL,
    lane_seq INTEGER NOT NULL,
    -- True where the authority's records gave it: their next feed takes it away. Null where a
    -- referral did.
    fed      BOOLEAN,
    PRIMARY KEY (person, token)
) WITHOUT ROWID;
CREATE INDEX person_token_block ON person_token (token, lane_seq, person);

-- Append-only; of several statements about one child and person the last batch's holds.
CREATE TABLE link (
    referral   BLOB NOT NULL,
    child      INTEGER NOT NULL,
    person     BLOB NOT NULL,
    lane_seq   INTEGER NOT NULL,
    state      TEXT NOT NULL,
    weight     REAL NOT NULL,
    at         INTEGER NOT NULL,
    agency     TEXT NOT NULL,
    level_rank INTEGER NOT NULL
);
CREATE INDEX link_referral ON link (referral);
CREATE INDEX link_person ON link (person, at);

-- A message to one destination, and the record of its delivery.
CREATE TABLE outbox (
    id              BLOB NOT NULL PRIMARY KEY,
    referral        BLOB,
    refusal         BLOB,
    destination     TEXT NOT NULL,
    purpose         TEXT NOT NULL,
    priority        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    payload         BLOB NOT NULL,
    traceparent     TEXT,
    agency          TEXT NOT NULL,
    level           TEXT NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    fence           INTEGER NOT NULL,
    leased_until    INTEGER,
    next_attempt_at INTEGER NOT NULL,
    last_fault      TEXT,
    delivered_at    INTEGER,
    acknowledged_at INTEGER,
    breached_at     INTEGER,
    by_wrapped_key  BLOB,
    by_record       BLOB,
    -- The message this one is a copy of, and why: `diverted` or `dead`.
    copy_of         BLOB,
    copy_why        TEXT,
    -- When a receiving team's system took it over HTTPS, at another gateway than the one whose
    -- queue held it.
    taken_at        INTEGER
);
-- What a message is about: order is kept within it, for each destination.
CREATE INDEX outbox_subject ON outbox ((coalesce(referral, refusal, id)));
CREATE INDEX outbox_open ON outbox (priority DESC, created_at)
    WHERE state IN ('delivering', 'delivery-failing');
CREATE INDEX outbox_clock ON outbox (due_at)
    WHERE acknowledged_at IS NULL AND breached_at IS NULL;
CREATE UNIQUE INDEX outbox_copy ON outbox (copy_of, copy_why) WHERE copy_of IS NOT NULL;
-- Of few rows, and none when a message is written or confirmed: for the operations page.
CREATE INDEX outbox_late ON outbox (destination, delivered_at)
    WHERE breached_at IS NOT NULL AND acknowledged_at IS NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

CREATE TABLE repeat (
    key        BLOB NOT NULL PRIMARY KEY,
    body       BLOB NOT NULL,
    referral   BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE refusal (
    id          BLOB NOT NULL PRIMARY KEY,
    agency      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    problem     TEXT NOT NULL,
    body        BLOB NOT NULL,
    key         BLOB,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL,
    cleared_at  INTEGER
);
CREATE INDEX refusal_body ON refusal (body) WHERE cleared_at IS NULL;
CREATE INDEX refusal_key ON refusal (key) WHERE cleared_at IS NULL;

CREATE TABLE tally_delta (
    hour        INTEGER NOT NULL,
    what        TEXT NOT NULL,
    agency      TEXT NOT NULL,
    destination TEXT NOT NULL,
    level       TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    count       INTEGER NOT NULL
);

CREATE TABLE tally (
    hour        INTEGER NOT NULL,
    what        TEXT NOT NULL,
    agency      TEXT NOT NULL,
    destination TEXT NOT NULL,
    level       TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (hour, what, agency, destination, level, priority)
) WITHOUT ROWID;

CREATE TABLE audit_head (
    chain  TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL,
    mac    BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO audit_head (chain, number, mac)
SELECT value, 0, zeroblob(32) FROM json_each('["intake", "delivery", "desk", "import"]');

CREATE TABLE audit_link (
    chain  TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    events BLOB NOT NULL,
    mac    BLOB NOT NULL,
    PRIMARY KEY (chain, number)
);

-- The embedded broker's queues; the same message may stand in one twice, as a repeat.
CREATE TABLE queued (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    destination  TEXT NOT NULL,
    id           BLOB NOT NULL,
    priority     INTEGER NOT NULL,
    payload      BLOB NOT NULL,
    deliveries   INTEGER NOT NULL,
    enqueued_at  INTEGER NOT NULL,
    leased_until INTEGER,
    dead         BOOLEAN NOT NULL
);
CREATE INDEX queued_next ON queued (destination, priority DESC, position) WHERE NOT dead;
CREATE INDEX queued_message ON queued (id);
CREATE INDEX queued_spent ON queued (destination, leased_until)
    WHERE NOT dead AND deliveries > 20;
CREATE INDEX queued_dead ON queued (position) WHERE dead;
