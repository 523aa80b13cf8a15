-- Of what comes round again, such as a review: the children who have had theirs while others wait
-- still, and when their next is due.
ALTER TABLE clock ADD COLUMN again BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clock ADD COLUMN again_at BIGINT;
