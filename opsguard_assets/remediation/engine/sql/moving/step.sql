-- Writes what a step has come to. Returns its row.
INSERT INTO execution_steps (
    execution_id, phase, step, name, action, state, idempotency_key, effect_id, attempts, input, output, words,
    started_at, deadline_at, ended_at
)
VALUES (
    :execution_id, :phase, :step, :name, :action, :state, :key, :effect_id, :attempts, CAST(:input AS jsonb),
    CAST(:output AS jsonb), :words, :at, :deadline_at, :ended_at
)
ON CONFLICT (execution_id, phase, step) DO UPDATE SET
    state = EXCLUDED.state, effect_id = EXCLUDED.effect_id, attempts = EXCLUDED.attempts,
    input = COALESCE(EXCLUDED.input, execution_steps.input), output = EXCLUDED.output, words = EXCLUDED.words,
    ended_at = EXCLUDED.ended_at
RETURNING phase, step, name, action, state, effect_id, attempts, input, output, words, started_at, deadline_at
