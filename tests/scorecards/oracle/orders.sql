-- Orders with their client, as far as data reach.
select o.work_order_id, coalesce(o.client_id, s.client_id) as client_id, o.created_at, o.due_at, o.category,
    case when o.completed_at <= d.through then o.completed_at end as done_at, o.is_rework_of, o.is_planned,
    lower(coalesce(o.status, '')) in ('cancelled', 'canceled', 'void') and o.completed_at is null as is_off
from work_orders o
left join sites s using (site_id)
cross join (select min(through) as through from bounds) d
where o.created_at <= d.through
