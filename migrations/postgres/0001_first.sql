-- The first schema. Times are microseconds since 1970 in UTC. Which columns are clear, sealed or
-- blind tokens stands in src/store/columns.rs, and a test compares.
--
-- No foreign keys: rows that belong together are written in one transaction by one writer, and a
-- key check per row would cost more than the rest of the batch.

-- Values kept once, such as the wrapped authority keys.
CREATE TABLE kept (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE credential (
    id         text PRIMARY KEY,
    owner_kind text NOT NULL,
    owner      text NOT NULL,
    hash       bytea NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);

-- One row: the number of the last batch that wrote people. Read and advanced under the lane's
-- lock, so that numbers become visible in their order.
CREATE TABLE lane (
    sole boolean PRIMARY KEY DEFAULT true CHECK (sole),
    seq  bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO lane (seq) VALUES (0);

CREATE TABLE referral (
    id          uuid PRIMARY KEY,
    reference   text NOT NULL UNIQUE,
    agency      text NOT NULL,
    received_at bigint NOT NULL,
    respond_by  bigint NOT NULL,
    level       text NOT NULL,
    level_rank  smallint NOT NULL,
    -- 0 standard, 1 urgent, 2 immediate; the same wherever a priority is kept.
    priority    smallint NOT NULL,
    score       smallint NOT NULL,
    policy_hash text NOT NULL,
    revision    integer NOT NULL,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL
);
-- Sealed bytes do not compress, so PostgreSQL must not try; and a record of usual size stays in
-- its row, where it is written once instead of in chunks with an index of their own.
ALTER TABLE referral ALTER COLUMN wrapped_key SET STORAGE EXTERNAL;
ALTER TABLE referral ALTER COLUMN record SET STORAGE EXTERNAL;
ALTER TABLE referral SET (toast_tuple_target = 8160);

CREATE TABLE information (
    referral    uuid NOT NULL,
    -- The referral's revision that this addition made.
    revision    integer NOT NULL,
    received_at bigint NOT NULL,
    raw         bytea NOT NULL,
    PRIMARY KEY (referral, revision)
);
ALTER TABLE information ALTER COLUMN raw SET STORAGE EXTERNAL;

CREATE TABLE person (
    id          uuid PRIMARY KEY,
    created_at  bigint NOT NULL,
    profile     bytea NOT NULL,
    case_status text NOT NULL,
    case_team   text,
    restricted  boolean NOT NULL,
    as_of       bigint,
    source      bytea,
    -- The batch that changed the person last, if one did since the batch that made it.
    changed     bigint,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL
);
ALTER TABLE person ALTER COLUMN profile SET STORAGE EXTERNAL;
ALTER TABLE person ALTER COLUMN wrapped_key SET STORAGE EXTERNAL;
ALTER TABLE person ALTER COLUMN record SET STORAGE EXTERNAL;
-- People made by referrals have no source and cost nothing here.
CREATE UNIQUE INDEX person_source ON person (source) WHERE source IS NOT NULL;
CREATE INDEX person_changed ON person (changed) WHERE changed IS NOT NULL;

-- lane_seq is the batch that wrote the row: what a batch missed by reading ahead of its lock has
-- a greater one than the batch's horizon, or is of a person changed since. Each index begins with what it is asked by and holds
-- nothing that another is asked by, so that no plan can take the wrong one, whatever the
-- statistics say; that a person has a token once, the writers see to under the lane's lock.
CREATE TABLE person_token (
    token    bigint NOT NULL,
    person   uuid NOT NULL,
    lane_seq bigint NOT NULL,
    -- True where the authority's records gave it: their next feed takes it away. Null, which costs
    -- no room, where a referral did.
    fed      boolean
);
CREATE INDEX person_token_block ON person_token (token, person) INCLUDE (lane_seq);
CREATE INDEX person_token_fed ON person_token (person) WHERE fed;

-- Append-only; of several statements about one child and person the last batch's holds. Indexes
-- as of person_token.
CREATE TABLE link (
    referral   uuid NOT NULL,
    child      integer NOT NULL,
    person     uuid NOT NULL,
    lane_seq   bigint NOT NULL,
    state      text NOT NULL,
    weight     real NOT NULL,
    at         bigint NOT NULL,
    agency     text NOT NULL,
    level_rank smallint NOT NULL
);
CREATE INDEX link_referral ON link (referral);
CREATE INDEX link_person ON link (person, at);

-- A message to one destination, and the record of its delivery. Half of each page is left free
-- for the second version of its rows: each is updated once, when the broker confirms.
CREATE TABLE outbox (
    id              uuid PRIMARY KEY,
    referral        uuid,
    refusal         uuid,
    destination     text NOT NULL,
    purpose         text NOT NULL,
    priority        smallint NOT NULL,
    kind            text NOT NULL,
    sequence        integer NOT NULL,
    created_at      bigint NOT NULL,
    due_at          bigint NOT NULL,
    payload         bytea NOT NULL,
    traceparent     text,
    agency          text NOT NULL,
    level           text NOT NULL,
    state           text NOT NULL,
    attempts        integer NOT NULL,
    fence           bigint NOT NULL,
    leased_until    bigint,
    next_attempt_at bigint NOT NULL,
    last_fault      text,
    delivered_at    bigint,
    acknowledged_at bigint,
    breached_at     bigint,
    by_wrapped_key  bytea,
    by_record       bytea,
    -- The message this one is a copy of, and why: `diverted` or `dead`.
    copy_of         uuid,
    copy_why        text,
    -- When a receiving team's system took it over HTTPS, at another gateway than the one whose
    -- queue held it.
    taken_at        bigint
) WITH (fillfactor = 50);
ALTER TABLE outbox ALTER COLUMN payload SET STORAGE EXTERNAL;
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
    key        bytea PRIMARY KEY,
    body       bytea NOT NULL,
    referral   uuid NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE refusal (
    id          uuid PRIMARY KEY,
    agency      text NOT NULL,
    received_at bigint NOT NULL,
    last_at     bigint NOT NULL,
    count       integer NOT NULL,
    bytes       bigint NOT NULL,
    problem     text NOT NULL,
    body        bytea NOT NULL,
    key         bytea,
    wrapped_key bytea NOT NULL,
    record      bytea NOT NULL,
    cleared_at  bigint
);
ALTER TABLE refusal ALTER COLUMN record SET STORAGE EXTERNAL;
CREATE INDEX refusal_body ON refusal (body) WHERE cleared_at IS NULL;
CREATE INDEX refusal_key ON refusal (key) WHERE cleared_at IS NULL;

CREATE TABLE tally_delta (
    hour        bigint NOT NULL,
    what        text NOT NULL,
    agency      text NOT NULL,
    destination text NOT NULL,
    level       text NOT NULL,
    priority    smallint NOT NULL,
    count       bigint NOT NULL
);

CREATE TABLE tally (
    hour        bigint NOT NULL,
    what        text NOT NULL,
    agency      text NOT NULL,
    destination text NOT NULL,
    level       text NOT NULL,
    priority    smallint NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (hour, what, agency, destination, level, priority)
) WITH (fillfactor = 70);

CREATE TABLE audit_head (
    chain  text PRIMARY KEY,
    number bigint NOT NULL,
    mac    bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit_head (chain, number, mac)
SELECT chain, 0, decode(repeat('00', 32), 'hex')
FROM unnest(ARRAY['intake', 'delivery', 'desk', 'import']) AS chain;

CREATE TABLE audit_link (
    chain  text NOT NULL,
    number bigint NOT NULL,
    at     bigint NOT NULL,
    events bytea NOT NULL,
    mac    bytea NOT NULL,
    PRIMARY KEY (chain, number)
);
ALTER TABLE audit_link ALTER COLUMN events SET STORAGE EXTERNAL;

-- The embedded broker's queues; the same message may stand in one twice, as a repeat.
CREATE TABLE queued (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination  text NOT NULL,
    id           uuid NOT NULL,
    priority     smallint NOT NULL,
    payload      bytea NOT NULL,
    deliveries   integer NOT NULL,
    enqueued_at  bigint NOT NULL,
    leased_until bigint,
    dead         boolean NOT NULL
);
ALTER TABLE queued ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX queued_next ON queued (destination, priority DESC, position) WHERE NOT dead;
CREATE INDEX queued_message ON queued (id);
CREATE INDEX queued_spent ON queued (destination, leased_until)
    WHERE NOT dead AND deliveries > 20;
CREATE INDEX queued_dead ON queued (position) WHERE dead;

-- Connections are set to plans that no statistics change, so gathering them again and again while
-- these tables grow would be work for nothing.
ALTER TABLE referral SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE person SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE person_token SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE link SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE outbox SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE repeat SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE tally_delta SET (autovacuum_analyze_threshold = 1000000000);
ALTER TABLE audit_link SET (autovacuum_analyze_threshold = 1000000000);
