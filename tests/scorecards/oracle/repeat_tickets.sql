-- Of the tickets with site and category opened in the month, cancelled ones aside: how many followed another one of the
-- same client, site and category that had ended within the thirty days before.
select m.client_id, m.month,
    count(*) filter (where exists (
        select 1 from tickets e join clocks c using (ticket_id)
        where e.client_id = t.client_id and e.site_id = t.site_id and e.category = t.category
            and e.status <> 'cancelled' and e.ticket_id <> t.ticket_id
            and c.ended_at < t.opened_at and c.ended_at >= t.opened_at - interval 30 days
    ))::double as numerator,
    count(*)::double as denominator
from bounds m
join tickets t on t.client_id = m.client_id and t.opened_at >= m.starts_at and t.opened_at < m.ends_at
where t.status <> 'cancelled' and t.site_id is not null and t.category is not null
group by all
