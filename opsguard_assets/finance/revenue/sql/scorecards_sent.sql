-- Returns how many scorecards were sent, by client and month (of the zone). Restatements count, too; the provider's own
-- card does not.
SELECT client_id, CAST(date_trunc('month', sent_at AT TIME ZONE :zone) AS date) AS month, count(*) AS used
FROM scorecards
WHERE client_id <> '' AND sent_at >= :since AND sent_at <= :as_of
GROUP BY 1, 2 ORDER BY 1, 2
