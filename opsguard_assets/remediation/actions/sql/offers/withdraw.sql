-- Takes a yes back.
UPDATE shift_offers SET answer = 'withdrawn', answered_at = :at
WHERE offer_id = :offer_id AND answer = 'yes'
