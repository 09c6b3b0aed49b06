-- Marks what is not worth a place in a digest any more.
UPDATE notices SET decision = 'superseded', reason = 'acknowledged or resolved before the digest'
WHERE notice_id = ANY (:notice_ids)
