-- Whether anything later was said of a child and a person is found in this index alone. With one of
-- the referral only, PostgreSQL also looked through all that was ever said of the person.
DROP INDEX link_referral;
CREATE INDEX link_referral ON link (referral, child, person, lane_seq);

-- Of a person's history only who the child is counts, and not the many whom it may be.
DROP INDEX link_person;
CREATE INDEX link_person ON link (person, state, at);
