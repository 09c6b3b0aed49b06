-- Orders that were completed in the month at least thirty days ago and repair no other one, of clients whose records
-- name a repair; and those that no order of the client repairs that was placed within thirty days after.
with repairs as (
    select r.* from orders r join orders o on o.work_order_id = r.is_rework_of and o.client_id = r.client_id
    where not r.is_off
)
select m.client_id, m.month,
    count(*) filter (where not exists (
        select 1 from repairs r where r.is_rework_of = o.work_order_id and r.client_id = o.client_id
            and r.created_at between o.done_at and o.done_at + interval 30 days
    ))::double as numerator,
    count(*)::double as denominator
from bounds m
join orders o on o.client_id = m.client_id and o.done_at >= m.starts_at and o.done_at < m.ends_at
where o.is_rework_of is null and o.done_at + interval 30 days <= m.through
    and exists (select 1 from repairs r where r.client_id = o.client_id)
group by all
