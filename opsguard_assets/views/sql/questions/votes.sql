-- Returns who said what about approvals, the first one first.
SELECT approval_id, person_id, vote, at, surface, note
FROM approval_votes
WHERE approval_id = ANY (:numbers)
ORDER BY approval_id, at, person_id
