-- The tone of the tickets opened in the month, and of how many it is known.
select m.client_id, m.month, sum(t.sentiment) as numerator, count(t.sentiment)::double as denominator
from bounds m
join tickets t on t.client_id = m.client_id and t.opened_at >= m.starts_at and t.opened_at < m.ends_at
group by all
