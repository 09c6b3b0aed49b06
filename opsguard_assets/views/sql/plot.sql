-- Returns the picture of an attachment of an alert.
SELECT plot
FROM alert_attachments
WHERE alert_id = :alert_id AND attachment_id = :attachment_id
