-- Returns scorecards with their links: of a client and a month where they are given; the newest numbers first.
SELECT c.*, s.link
FROM scorecards AS c
LEFT JOIN scorecard_signings AS s USING (client_id, month, number)
WHERE (CAST(:client_id AS text) IS NULL OR c.client_id = :client_id)
AND (CAST(:month AS date) IS NULL OR c.month = :month)
ORDER BY c.month DESC, c.client_id, c.number DESC
