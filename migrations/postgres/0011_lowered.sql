-- Whether an outcome stepped a case down to early help, or closed one that was worked on.
ALTER TABLE outcome ADD COLUMN lowers boolean NOT NULL DEFAULT false;
