-- Ends the steps of an execution that has ended; one whose side effect is still to come ends with it.
UPDATE execution_steps AS s SET state = 'skipped', words = :words, ended_at = :at
WHERE s.execution_id = :execution_id AND s.state = 'planned'
AND (s.effect_id IS NULL OR NOT EXISTS (
    SELECT FROM effects AS f WHERE f.effect_id = s.effect_id AND f.state IN ('planned', 'sending', 'unknown')
))
