-- Returns when each ticket was escalated within a period: handed over to the helpdesk, or perhaps.
SELECT ticket_id AS entity_id, least(coalesce(settled_at, as_of), :as_of) AS acted_at, as_of
FROM escalations
WHERE state IN ('sent', 'done', 'unknown') AND as_of >= :since AND as_of <= :as_of
