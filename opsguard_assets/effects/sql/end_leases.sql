-- Ends the leases of workers whose process is gone: what they were handing over is taken up at once.
UPDATE effects SET due_at = :now
WHERE kind = :kind AND state = 'sending' AND due_at > :now AND worker = ANY (:workers)
