-- What was changed about a ticket, whatever asked for it.
CREATE INDEX effects_by_ticket ON effects ((payload ->> 'ticket_id'))
    WHERE kind IN ('escalation', 'remediation')
