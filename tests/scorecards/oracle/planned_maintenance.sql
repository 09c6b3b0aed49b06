-- Planned orders due in the month, marked so or of the category "service" where nothing is marked, and those done in
-- time.
select m.client_id, m.month,
    count(*) filter (where o.done_at <= o.due_at)::double as numerator,
    count(*)::double as denominator
from bounds m
join orders o on o.client_id = m.client_id and o.due_at >= m.starts_at and o.due_at < m.ends_at
where coalesce(o.is_planned, lower(o.category) = 'service', false) and not o.is_off and o.due_at <= m.through
group by all
