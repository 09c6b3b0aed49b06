-- Asks for an approval. Returns its number; no row where one of the execution is open already.
INSERT INTO approvals (
    execution_id, phase, step, action_digest, plan, team, needed, requester, requester_may_approve, asked_at, expires_at
)
VALUES (
    :execution_id, :phase, :step, :digest, CAST(:plan AS jsonb), :team, :needed, :requester, :requester_may_approve,
    :at, :expires_at
)
ON CONFLICT (execution_id) WHERE decision IS NULL DO NOTHING
RETURNING approval_id
