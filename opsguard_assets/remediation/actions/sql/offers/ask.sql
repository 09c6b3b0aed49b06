-- Offers a shift to somebody, once per step. Returns the number of a new offer.
INSERT INTO shift_offers (execution_id, step, place, shift_id, missing_id, person_id, asked_at, expires_at)
VALUES (:execution_id, :step, :place, :shift_id, :missing_id, :person_id, :at, :until)
ON CONFLICT (execution_id, step, person_id) DO NOTHING
RETURNING offer_id
