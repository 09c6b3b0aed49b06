-- Notes that a scorecard was given to the delivery; no row where its figures have changed since they were read.
UPDATE scorecards
SET status = 'sent', sent_unsigned = sent_unsigned OR :unsigned, sent_at = COALESCE(sent_at, :at),
    sent_by = COALESCE(sent_by, :by), send_note = :note
WHERE client_id = :client_id AND month = :month AND number = :number AND digest = :digest
RETURNING number
