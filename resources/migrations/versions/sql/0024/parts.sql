-- What is offered is the part of somebody who is missing: two of one shift may be missing, and each is replaced.
ALTER TABLE shift_offers ADD COLUMN missing_id text;
COMMENT ON COLUMN shift_offers.missing_id IS 'whose part in the shift is offered';
UPDATE shift_offers AS o
SET missing_id = substr(a.dedup_key, strpos(a.dedup_key, o.shift_id || '/') + length(o.shift_id) + 1)
FROM executions AS e
JOIN alerts AS a USING (alert_id)
WHERE e.execution_id = o.execution_id;
ALTER TABLE shift_offers ALTER COLUMN missing_id SET NOT NULL;
DROP INDEX one_yes_per_shift;
-- The first yes wins, also where two people say it at the same moment.
CREATE UNIQUE INDEX one_yes_per_part ON shift_offers (shift_id, missing_id) WHERE answer = 'yes'
