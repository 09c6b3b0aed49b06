-- Keeps where the message of a question is, so that it can be edited.
UPDATE notices SET reference = CAST(:reference AS jsonb)
WHERE notice_id = :notice_id
