-- As of when a merge, or that it is none, was stated; apart from the last statement about its record.
-- Of merges that make a circle the oldest is undone.
ALTER TABLE person ADD COLUMN merged_as_of INTEGER;
UPDATE person SET merged_as_of = as_of WHERE merged_into IS NOT NULL;
