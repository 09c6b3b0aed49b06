-- Critical incidents that were no false alarms, in every month by whose end any of the client's sites recorded one.
SELECT m.client_id, m.month,
       count(*) FILTER (WHERE e.severity = 'critical' AND e.is_false_alarm IS NOT true AND e."at" >= m.starts_at) AS numerator
FROM security_events AS e JOIN sites AS s ON s.site_id = e.site_id
JOIN months AS m ON m.client_id = s.client_id AND e."at" < m.ends_at
GROUP BY m.client_id, m.month ORDER BY m.client_id, m.month
