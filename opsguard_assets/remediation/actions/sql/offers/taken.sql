-- Returns who has said yes to somebody's part in a shift.
SELECT person_id FROM shift_offers WHERE shift_id = :shift_id AND missing_id = :missing_id AND answer = 'yes'
