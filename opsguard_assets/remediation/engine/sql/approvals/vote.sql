-- Notes what somebody says, once per person. No row where they have said something before.
INSERT INTO approval_votes (approval_id, person_id, vote, at, surface, note)
VALUES (:approval_id, :person_id, :vote, :at, :surface, :note)
ON CONFLICT (approval_id, person_id) DO NOTHING
RETURNING vote
