-- Of the parts in shifts that were expected to begin in the month and have a verdict: how many were kept. Nobody there
-- counts from two hours after the start.
select m.client_id, m.month,
    count(*) filter (where v.verdict in ('on_time', 'late', 'early_exit', 'left_open'))::double as numerator,
    count(*)::double as denominator
from bounds m
join verdicts v on v.client_id = m.client_id and v.expected_from_at >= m.starts_at and v.expected_from_at < m.ends_at
where v.verdict in ('on_time', 'late', 'early_exit', 'left_open', 'no_show', 'wrong_site')
    or (v.verdict = 'unattended' and v.expected_from_at + interval 120 minutes <= m.through)
group by all
