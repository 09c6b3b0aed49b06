-- Notes that somebody reviewed these figures; no row where they have changed or are signed.
UPDATE scorecards SET status = 'reviewed', reviewed_at = :at, reviewed_by = :by
WHERE client_id = :client_id AND month = :month AND number = :number AND digest = :digest
AND status IN ('draft', 'reviewed')
RETURNING number
