-- Tickets whose first change to resolved or closed lies in the month and at least thirty days back; and those of them
-- that went back from there to a state that is neither of these nor cancelled, within thirty days.
with solved as (
    select ticket_id, min("at") as solved_at from ticket_events
    where field = 'status' and new in ('resolved', 'closed') and coalesce(old, '') not in ('resolved', 'closed')
    group by ticket_id
)
select m.client_id, m.month,
    count(*) filter (where exists (
        select 1 from ticket_events e
        where e.ticket_id = t.ticket_id and e.field = 'status' and e.old in ('resolved', 'closed')
            and e.new not in ('resolved', 'closed', 'cancelled')
            and e."at" between s.solved_at and s.solved_at + interval 30 days
    ))::double as numerator,
    count(*)::double as denominator
from bounds m
join tickets t on t.client_id = m.client_id
join solved s on s.ticket_id = t.ticket_id and s.solved_at >= m.starts_at and s.solved_at < m.ends_at
where s.solved_at + interval 30 days <= m.through
group by all
