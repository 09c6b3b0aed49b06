-- Returns settled ticks from a moment on, the newest first: what settled them, when and by whom. Champions are among
-- them only where they were dated after `soon`, because that is the mistake that a withdrawal undoes. `names` null asks
-- for everything.
SELECT *, as_of > :soon AS is_future
FROM (
    SELECT monitor AS settled, as_of, recorded_at AS computed_at, settled_by, findings AS rows, is_late
    FROM monitor_ticks
    UNION ALL SELECT job, as_of, finished_at, settled_by, row_count, false FROM ticks
    UNION ALL SELECT 'escalations', as_of, recorded_at, settled_by, candidates, false FROM escalation_ticks
    UNION ALL SELECT problem || ' watch', as_of, recorded_at, NULL, NULL, false FROM model_watch
    UNION ALL SELECT problem || ' champion', at, NULL, actor, NULL, false FROM model_history WHERE at > :soon
) AS s
WHERE as_of >= :since AND (CAST(:names AS text[]) IS NULL OR settled = ANY (CAST(:names AS text[])))
ORDER BY as_of DESC, settled
LIMIT :limit
