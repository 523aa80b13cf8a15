-- As PostgreSQL's: what is counted, by day (UTC).
CREATE TABLE tally_day (
    what        TEXT NOT NULL,
    day         INTEGER NOT NULL,
    agency      TEXT NOT NULL,
    destination TEXT NOT NULL,
    level       TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (what, day, agency, destination, level, priority)
) WITHOUT ROWID;
INSERT INTO tally_day (what, day, agency, destination, level, priority, count)
SELECT what, hour - hour % 86400000000, agency, destination, level, priority, sum(count)
FROM tally GROUP BY 1, 2, 3, 4, 5, 6;
