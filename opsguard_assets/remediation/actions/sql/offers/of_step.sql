-- Returns the offers of a step, locked, in the order in which people were asked.
SELECT offer_id, place, shift_id, missing_id, person_id, expires_at, answer, answered_at
FROM shift_offers
WHERE execution_id = :execution_id AND step = :step
ORDER BY place
FOR UPDATE
