-- Of a person's history only who the child is counts, and not the many whom it may be.
DROP INDEX link_person;
CREATE INDEX link_person ON link (person, state, at);
