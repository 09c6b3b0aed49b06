-- Arrivals with a position at sites with a position and a radius, and how many of them lie outside even if the position
-- is wrong by its uncertainty. Distance by the haversine formula.
select m.client_id, m.month,
    count(*) filter (where 2 * 6371008.8 * asin(sqrt(
        pow(sin(radians(a.latitude - s.latitude) / 2), 2)
        + cos(radians(a.latitude)) * cos(radians(s.latitude)) * pow(sin(radians(a.longitude - s.longitude) / 2), 2)
    )) - coalesce(a.accuracy_m, 0) > s.geofence_radius_m)::double as numerator,
    count(*)::double as denominator
from bounds m
join sites s on s.client_id = m.client_id
join attendance a on a.site_id = s.site_id and a.punched_in_at >= m.starts_at and a.punched_in_at < m.ends_at
where a.latitude is not null and a.longitude is not null
    and s.latitude is not null and s.longitude is not null and s.geofence_radius_m is not null
group by all
