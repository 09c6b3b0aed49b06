-- What is known of a target that did not answer lately, kept from others until the end of the transaction.
-- No row for a target that answers: the usual settlement touches no row that workers share.
SELECT target, failures, open_until FROM effect_circuits
WHERE target = :target AND (failures > 0 OR open_until IS NOT NULL)
FOR UPDATE
