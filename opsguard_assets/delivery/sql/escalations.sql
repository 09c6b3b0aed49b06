-- Returns of some escalations what names are needed for.
SELECT escalation_id, ticket_id, client_id, site_id, from_assignee_id, to_assignee_id FROM escalations
WHERE escalation_id = ANY (:numbers)
