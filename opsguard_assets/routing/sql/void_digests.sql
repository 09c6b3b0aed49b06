-- Takes incidents out of the digests that they waited for, because their owner is told at once.
UPDATE notices SET decision = 'superseded', reason = 'told at once meanwhile'
WHERE
    incident_id = ANY (:incident_ids) AND decision = 'digest' AND in_digest IS NULL AND urgency = 'digest'
