-- Returns how many escalations and notices wait, have no known result, or failed since an instant.
SELECT (SELECT count(*) FROM escalation_notices WHERE state = 'pending') AS notices,
       count(*) FILTER (WHERE state IN ('planned', 'sent')) AS open,
       count(*) FILTER (WHERE state = 'unknown') AS unknown,
       count(*) FILTER (WHERE state = 'failed' AND settled_at > :since) AS failed
FROM escalations
