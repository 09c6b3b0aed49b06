-- Keeps drafts; what was signed or sent meanwhile stays as it is. Returns those that were kept.
INSERT INTO scorecards (
    client_id, month, number, status, figures, digest, snapshot_id, reason, created_at, created_by
)
SELECT r.client_id, r.month, r.number, 'draft', r.figures, r.digest, r.snapshot_id, r.reason, :at, :by
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    client_id text, month date, number integer, figures text, digest text, snapshot_id bigint, reason text
)
ON CONFLICT (client_id, month, number) DO UPDATE
SET status = 'draft', figures = EXCLUDED.figures, digest = EXCLUDED.digest, snapshot_id = EXCLUDED.snapshot_id,
    reason = EXCLUDED.reason, created_at = EXCLUDED.created_at, created_by = EXCLUDED.created_by, reviewed_at = NULL,
    reviewed_by = NULL
WHERE scorecards.signed_at IS NULL AND scorecards.sent_at IS NULL
RETURNING client_id, number
