-- Checkpoints of the tours due in the month, a tour without any counting as one, and those of them that were scanned on
-- tours completed within fifteen minutes after they were due. Tours that data of the tours or of the site do not reach
-- are left out.
select m.client_id, m.month,
    sum(case when t.completed_at <= t.due_at + interval 15 minutes
        then least(coalesce(t.checkpoints_done, t.checkpoints, 1), greatest(coalesce(t.checkpoints, 1), 1)) else 0 end
    )::double as numerator,
    sum(greatest(coalesce(t.checkpoints, 1), 1))::double as denominator
from bounds m
join sites s on s.client_id = m.client_id
join tours t on t.site_id = s.site_id and t.due_at >= m.starts_at and t.due_at < m.ends_at
left join punch_feeds f on f.site_id = t.site_id
where t.due_at + interval 15 minutes <= m.through
    and coalesce(f.reported_upto_at >= t.due_at + interval 15 minutes, true)
group by all
