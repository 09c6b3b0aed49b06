-- Orders with a due time that were done or due in the month, whichever came first, and those done in time.
select m.client_id, m.month,
    count(*) filter (where o.done_at <= o.due_at)::double as numerator,
    count(*)::double as denominator
from bounds m
join orders o on o.client_id = m.client_id
    and least(o.due_at, o.done_at) >= m.starts_at and least(o.due_at, o.done_at) < m.ends_at
where not o.is_off and o.due_at is not null and (o.done_at is not null or o.due_at <= m.through)
group by all
