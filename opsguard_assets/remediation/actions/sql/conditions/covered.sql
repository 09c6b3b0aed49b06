-- Returns which of some executions found somebody who takes the shift.
SELECT DISTINCT execution_id FROM shift_offers WHERE answer = 'yes' AND execution_id = ANY (:execution_ids)
