-- As PostgreSQL's: whether an outcome stepped a case down to early help, or closed one that was
-- worked on.
ALTER TABLE outcome ADD COLUMN lowers BOOLEAN NOT NULL DEFAULT false;

-- Where a child of a referral lives, as a blind token; `at` is when the referral was received.
-- None is kept of an address that is withheld from anybody, or shared by many households.
CREATE TABLE home (
    token    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    referral BLOB NOT NULL,
    child    INTEGER NOT NULL
);
CREATE INDEX home_token ON home (token, at);
CREATE INDEX home_referral ON home (referral);

-- Whether anything later was said of a child and a person is found in this index alone. With one of
-- the referral only, SQLite looked through all that was ever said of the person instead.
DROP INDEX link_referral;
CREATE INDEX link_referral ON link (referral, child, person, lane_seq);
