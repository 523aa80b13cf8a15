-- Whether an outcome stepped a case down to early help, or closed one that was worked on.
ALTER TABLE outcome ADD COLUMN lowers boolean NOT NULL DEFAULT false;

-- Where a child of a referral lives, as a blind token; `at` is when the referral was received.
-- None is kept of an address that is withheld from anybody, or shared by many households.
CREATE TABLE home (
    token    bigint NOT NULL,
    at       bigint NOT NULL,
    referral uuid NOT NULL,
    child    integer NOT NULL
);
CREATE INDEX home_token ON home (token, at);
CREATE INDEX home_referral ON home (referral);
