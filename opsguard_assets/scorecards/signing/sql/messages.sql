-- Returns the messages about the scorecards of a client and month where they are given, with their states.
SELECT
    e.effect_id, e.key, e.payload ->> 'client_id' AS client_id, CAST(e.payload ->> 'month' AS date) AS month,
    CAST(e.payload ->> 'number' AS integer) AS number, e.payload ->> 'sealed' AS sealed, e.target AS channel,
    e.payload ->> 'address' AS address, e.state, e.answer, e.settled_at
FROM effects AS e
WHERE e.kind = 'message' AND e.payload @> '{"kind": "scorecard"}'
AND (CAST(:client_id AS text) IS NULL OR e.payload ->> 'client_id' = :client_id)
AND (CAST(:month AS date) IS NULL OR CAST(e.payload ->> 'month' AS date) = :month)
ORDER BY e.effect_id
