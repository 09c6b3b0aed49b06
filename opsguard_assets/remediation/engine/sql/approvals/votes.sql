-- Returns who said what, the first one first.
SELECT person_id, vote, at, surface, note FROM approval_votes WHERE approval_id = :approval_id ORDER BY at, person_id
