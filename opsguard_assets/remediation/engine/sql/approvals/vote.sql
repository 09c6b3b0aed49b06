-- Notes what somebody says, once per person: who agreed may still deny while nothing is decided, and who denied has
-- ended it. No row where what they say changes nothing.
INSERT INTO approval_votes (approval_id, person_id, vote, at, surface, note)
VALUES (:approval_id, :person_id, :vote, :at, :surface, :note)
ON CONFLICT (approval_id, person_id) DO UPDATE
SET vote = excluded.vote, at = excluded.at, surface = excluded.surface, note = excluded.note
WHERE approval_votes.vote = 'approve' AND excluded.vote = 'deny'
RETURNING vote
