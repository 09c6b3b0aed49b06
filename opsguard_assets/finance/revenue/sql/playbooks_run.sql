-- Returns how many executions of playbooks acted, by client and month (of the zone). Shadow acts on nothing.
SELECT client_id, CAST(date_trunc('month', begun_at AT TIME ZONE :zone) AS date) AS month, count(*) AS used
FROM executions
WHERE client_id IS NOT NULL AND mode <> 'shadow' AND begun_at >= :since AND begun_at <= :as_of
GROUP BY 1, 2 ORDER BY 1, 2
