-- Returns who has said yes to a shift.
SELECT person_id FROM shift_offers WHERE shift_id = :shift_id AND answer = 'yes'
