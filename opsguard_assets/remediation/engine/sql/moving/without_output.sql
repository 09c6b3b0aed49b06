-- A planned step without output is one whose next attempt is due; `left` is what the one before had done of it.
UPDATE execution_steps
SET output = NULL,
    input = CASE
        WHEN CAST(:left AS jsonb) = 'null' THEN input ELSE input || jsonb_build_object('left', CAST(:left AS jsonb))
    END
WHERE execution_id = :execution_id AND phase = :phase AND step = :step
