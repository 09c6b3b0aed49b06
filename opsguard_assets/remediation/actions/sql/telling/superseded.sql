-- Marks decisions about recipients whose messages were taken back.
UPDATE notices SET decision = 'superseded', reason = :words
WHERE effect_id = ANY (:effect_ids)
