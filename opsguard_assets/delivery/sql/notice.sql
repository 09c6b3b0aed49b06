-- Returns the decision behind a message.
SELECT reason, rule, audience, person_id, step FROM notices
WHERE notice_id = :notice_id
