-- Dead messages are few, and are looked through to be sent again.
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

-- When a receiving team's system took the message over HTTPS, at another gateway than the one
-- whose queue held it.
ALTER TABLE outbox ADD COLUMN taken_at INTEGER;
