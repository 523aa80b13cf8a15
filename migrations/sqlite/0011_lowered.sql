-- As PostgreSQL's: whether an outcome stepped a case down to early help, or closed one that was
-- worked on.
ALTER TABLE outcome ADD COLUMN lowers BOOLEAN NOT NULL DEFAULT false;
