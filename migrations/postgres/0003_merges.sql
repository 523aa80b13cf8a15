-- A record of the authority's that was found to be another's names the survivor. Nothing else of
-- the two is touched: reading follows the name, so that taking it away separates them again.
ALTER TABLE person ADD COLUMN merged_into uuid;
CREATE INDEX person_merged_into ON person (merged_into) WHERE merged_into IS NOT NULL;
