-- Ends the leases of workers whose process is gone: what they held is taken up at once.
UPDATE executions SET due_at = :now
WHERE lease IS NOT NULL AND ended_at IS NULL AND due_at > :now AND worker = ANY (:workers)
