-- Who is told, by e-mail, that something waits: ids, times and states, never an address.

-- `whom` is destination:ID or role:ID. `destination` is whose work it is about, `since` when that
-- work came, `due_at` by when somebody must have it.
CREATE TABLE notice (
    id              uuid PRIMARY KEY,
    whom            text NOT NULL,
    kind            text NOT NULL,
    destination     text NOT NULL,
    referral        uuid,
    refusal         uuid,
    -- The message that it is about: when a person acknowledges that, the notice is moot.
    message         uuid,
    priority        smallint NOT NULL,
    since           bigint NOT NULL,
    due_at          bigint NOT NULL,
    created_at      bigint NOT NULL,
    -- waiting, failing (tried, and tried again), sent or moot.
    state           text NOT NULL,
    attempts        integer NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_fault      text,
    sent_at         bigint
);
-- In the order in which they are sent: what was never tried before what fails.
CREATE INDEX notice_open ON notice (state DESC, priority DESC, next_attempt_at)
    WHERE state IN ('waiting', 'failing');
CREATE INDEX notice_about ON notice (message) WHERE state IN ('waiting', 'failing');

-- When it was last alerted that nobody has acknowledged an immediate message, and how often.
ALTER TABLE outbox ADD COLUMN alerted_at bigint;
ALTER TABLE outbox ADD COLUMN alerts integer NOT NULL DEFAULT 0;
-- Of what is immediate and not acknowledged, and nothing else.
CREATE INDEX outbox_alert ON outbox ((coalesce(alerted_at, created_at)))
    WHERE priority = 2 AND acknowledged_at IS NULL;
