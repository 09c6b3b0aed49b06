-- Writes an answer down, once.
UPDATE shift_offers SET answer = :answer, answered_at = :at
WHERE offer_id = :offer_id AND answer IS NULL
