-- Marks what will not be told any more: messages that were not handed over, and what waited for a digest.
UPDATE notices SET decision = 'superseded', reason = :words
WHERE
    effect_id = ANY (:effect_ids)
    OR (incident_id = ANY (:incident_ids) AND decision = 'digest' AND in_digest IS NULL AND :digests)
