-- Of what comes round again, such as a review: the children who have had theirs while others wait
-- still, and when their next is due.
ALTER TABLE clock ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clock ADD COLUMN again_at INTEGER;

-- Who was reviewed before this waits with the others once more, where the round is not over.
UPDATE clock SET children = 9223372036854775807 WHERE ended_at IS NULL AND EXISTS (
    SELECT 1 FROM outcome WHERE outcome.referral = clock.referral
    AND outcome.destination = clock.destination AND outcome.code = 'reviewed'
    AND clock.kind = 'review' AND outcome.at > clock.started_at);
