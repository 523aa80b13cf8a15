-- For which children of its referral a clock runs still, and whom an outcome concerns: bit n is
-- child n. What was written before this concerns all of them.
ALTER TABLE clock ADD COLUMN children INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE outcome ADD COLUMN children INTEGER NOT NULL DEFAULT 9223372036854775807;

-- Of what is overdue, by whose it is: whoever was not told yet may need no telling any more.
CREATE INDEX notice_overdue ON notice (referral, destination)
    WHERE state IN ('waiting', 'failing') AND kind = 'overdue';
