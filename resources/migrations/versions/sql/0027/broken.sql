-- Links that do not hold, by place, with the reason: no row while the chain is whole.
CREATE VIEW scorecard_chain_broken AS
WITH followed AS (
    SELECT
        s.*, lag(s.link, 1, repeat('0', 64)) OVER w AS expected_previous, row_number() OVER w AS expected_place,
        scorecard_link(s.previous, s.digest, s.client_id, s.month, s.number, s.signed_by, s.signed_at, s.reason)
            AS expected_link,
        c.digest AS figures_digest
    FROM scorecard_signings AS s
    LEFT JOIN scorecards AS c USING (client_id, month, number)
    WINDOW w AS (ORDER BY s.place)
)
SELECT
    place, client_id, month, number,
    CASE
        WHEN place <> expected_place THEN 'a signing before it is missing'
        WHEN previous <> expected_previous THEN 'it does not follow the one before it'
        WHEN link <> expected_link THEN 'who, when, what or why was changed'
        ELSE 'the figures are not those that were signed'
    END AS reason
FROM followed
WHERE place <> expected_place OR previous <> expected_previous OR link <> expected_link
OR digest IS DISTINCT FROM figures_digest
UNION ALL
SELECT h.length, NULL, NULL, NULL, 'the head is not that of the newest signing: the end was cut off or forged'
FROM scorecard_chain AS h
CROSS JOIN (
    SELECT COALESCE(max(place), 0) AS length,
           COALESCE((array_agg(link ORDER BY place DESC))[1], repeat('0', 64)) AS link
    FROM scorecard_signings
) AS found
WHERE h.length <> found.length OR h.link <> found.link
UNION ALL
SELECT 0, NULL, NULL, NULL, 'the head is missing' WHERE NOT EXISTS (SELECT FROM scorecard_chain)
