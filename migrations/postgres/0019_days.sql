-- What is counted, by day (UTC): what the operations pages read. Written where totals are folded, so
-- that no referral pays for it.
CREATE TABLE tally_day (
    what        text NOT NULL,
    day         bigint NOT NULL,
    agency      text NOT NULL,
    destination text NOT NULL,
    level       text NOT NULL,
    priority    smallint NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (what, day, agency, destination, level, priority)
) WITH (fillfactor = 70);
INSERT INTO tally_day (what, day, agency, destination, level, priority, count)
SELECT what, hour - hour % 86400000000, agency, destination, level, priority, sum(count)::bigint
FROM tally GROUP BY 1, 2, 3, 4, 5, 6;
