-- Returns per alert type how many alerts are open, acknowledged, muted, and critical without being muted, and since
-- when the oldest of them is open.
SELECT alert_type,
       count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
       count(*) FILTER (WHERE state = 'suppressed') AS muted,
       count(*) FILTER (WHERE severity = 'critical' AND state <> 'suppressed') AS critical,
       min(first_seen_at) FILTER (WHERE state = 'open') AS open_since
FROM alerts
WHERE state <> 'resolved'
GROUP BY alert_type
