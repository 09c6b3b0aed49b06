-- Returns whether the offer of a shift is answered. An answer that is being given is waited for.
SELECT answer IS NOT NULL AS is_over FROM shift_offers
WHERE offer_id = :number
FOR SHARE
