-- Attaches something to an alert; what the same step attached before stays.
INSERT INTO alert_attachments (alert_id, execution_id, step, kind, at, content, plot)
VALUES (:alert_id, :execution_id, :step, :kind, :at, CAST(:content AS jsonb), :plot)
ON CONFLICT (execution_id, step, kind) DO NOTHING
