-- As PostgreSQL's: a merged record names its survivor, and reading follows the name.
ALTER TABLE person ADD COLUMN merged_into BLOB;
CREATE INDEX person_merged_into ON person (merged_into) WHERE merged_into IS NOT NULL;
