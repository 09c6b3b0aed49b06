-- Ends the steps of an execution that has ended; one whose side effect is still to come ends with it. One that had given
-- an incident already has failed with that part done, so that undoing takes it back.
UPDATE execution_steps AS s SET
    words = :words, ended_at = :at,
    state = CASE WHEN jsonb_typeof(s.output -> 'incident') = 'object' THEN 'failed' ELSE 'skipped' END,
    output = CASE WHEN jsonb_typeof(s.output -> 'incident') = 'object' THEN jsonb_set(s.output, '{changes}', (
        SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(s.output -> 'changes') AS c
        WHERE c ->> 'attribute' = 'owner'
    )) ELSE s.output END
WHERE s.execution_id = :execution_id AND s.state = 'planned'
AND (s.effect_id IS NULL OR NOT EXISTS (
    SELECT FROM effects AS f WHERE f.effect_id = s.effect_id AND f.state IN ('planned', 'sending', 'unknown')
))
