-- Orders that were open when the month ended, or now in the month that runs, and those of them past their due time.
select m.client_id, m.month,
    count(*) filter (where o.due_at < least(m.ends_at, m.through))::double as numerator,
    count(*)::double as denominator
from bounds m
join orders o on o.client_id = m.client_id and o.created_at < m.ends_at
where (o.done_at is null or o.done_at >= m.ends_at) and not o.is_off and o.due_at is not null
    and m.starts_at <= m.through
group by all
