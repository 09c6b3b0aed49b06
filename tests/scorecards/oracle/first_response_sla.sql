-- Of the tickets whose deadline for the first answer lies in the month: how many were answered at or before it.
-- Cancelled without an answer, and deadlines that data do not reach yet, are left out.
select m.client_id, m.month,
    count(*) filter (where c.response_at <= c.response_due_at)::double as numerator,
    count(*)::double as denominator
from bounds m
join tickets t on t.client_id = m.client_id
join clocks c on c.ticket_id = t.ticket_id and c.response_due_at >= m.starts_at and c.response_due_at < m.ends_at
where c.response_due_at <= m.through
    and (c.response_at is not null or not (c.status = 'cancelled' and c.ended_at is not null))
group by all
