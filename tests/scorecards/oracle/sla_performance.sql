-- Of the tickets whose deadline lies in the month: how many ended at or before it. Cancelled ones and deadlines that
-- data do not reach yet are left out.
select m.client_id, m.month,
    count(*) filter (where c.ended_at <= c.resolution_due_at)::double as numerator,
    count(*)::double as denominator
from bounds m
join tickets t on t.client_id = m.client_id
join clocks c on c.ticket_id = t.ticket_id and c.resolution_due_at >= m.starts_at and c.resolution_due_at < m.ends_at
where not (c.status = 'cancelled' and c.ended_at is not null) and c.resolution_due_at <= m.through
group by all
