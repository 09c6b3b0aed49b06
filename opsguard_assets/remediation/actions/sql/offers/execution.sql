-- Locks the execution of an offer.
SELECT e.execution_id
FROM shift_offers AS o
JOIN executions AS e USING (execution_id)
WHERE o.offer_id = :offer_id
FOR UPDATE OF e
