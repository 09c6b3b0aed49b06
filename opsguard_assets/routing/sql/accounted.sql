-- Returns how many unresolved incidents there are that were open when routing last ran, how many of them have neither an
-- owner nor a decision, and how many messages should have ended before a moment and have not.
SELECT
    (SELECT count(*) FROM incidents WHERE state <> 'resolved') AS incidents,
    (
        SELECT count(*)
        FROM incidents AS i
        WHERE
            i.state = 'open' AND i.owner_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM notices AS n WHERE n.incident_id = i.incident_id)
    ) AS unexplained,
    (
        SELECT count(*) FROM effects WHERE kind = 'message' AND state IN ('planned', 'sending') AND due_at < :before
    ) AS overdue
