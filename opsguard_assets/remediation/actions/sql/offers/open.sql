-- Returns the offers of an execution, or of one of its steps, that nobody has answered.
SELECT offer_id FROM shift_offers
WHERE execution_id = :execution_id AND answer IS NULL AND (CAST(:step AS integer) IS NULL OR step = :step)
ORDER BY offer_id
FOR UPDATE
