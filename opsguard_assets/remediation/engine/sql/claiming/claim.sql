-- Takes executions that are due. Returns how many were looked at, and those that are taken, with their numbers.
-- The holder of the advisory lock counts and takes alone, so limits cannot be passed by two at once; other rows that
-- are locked by a step in progress are left (SKIP LOCKED). `due_at` of what is taken is the end of its lease.
-- What is switched off, paused or over a limit is put off until that can have changed. Its deadline is judged in any
-- case, as is the time of an approval. Undoing is held up by no pause and no limit. What only shows
-- what it would do takes nobody's place, and waits for none. What runs and what has begun is counted once per playbook
-- and site, not per execution.
WITH due AS (
    SELECT
        e.execution_id, e.playbook, e.digest, e.client_id, COALESCE(e.site_id, '') AS site, e.state, e.begun_at,
        e.due_at, e.deadline_at, e.is_by_hand, e.undo_of, e.mode
    FROM executions AS e
    WHERE e.ended_at IS NULL AND e.due_at <= :now
    ORDER BY e.due_at, e.execution_id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
),
judged AS (
    SELECT
        due.*,
        due.begun_at IS NULL AND NOT due.is_by_hand AND due.undo_of IS NULL AND due.mode <> 'shadow' AS is_limited,
        due.deadline_at <= :now OR due.state = 'awaiting_approval' AS is_timed,
        EXISTS (
            SELECT FROM remediation_switches AS s
            WHERE s.scope = 'all' OR (s.scope = 'client' AND s.name = due.client_id)
            OR (s.scope = 'playbook' AND s.name = due.playbook AND due.undo_of IS NULL)
        )
        OR EXISTS (
            SELECT FROM playbooks AS p
            WHERE p.playbook = due.playbook AND p.paused_at IS NOT NULL AND due.undo_of IS NULL
        ) AS is_held,
        CAST(v.content -> 'limits' ->> 'at_once_per_site' AS integer) AS at_once,
        CAST(v.content -> 'limits' ->> 'per_hour' AS integer) AS per_hour,
        make_interval(secs => 60 * CAST(v.content ->> 'timeout_minutes' AS double precision)) AS whole_time
    FROM due
    JOIN playbook_versions AS v USING (playbook, digest)
),
limited AS (
    SELECT * FROM judged WHERE is_limited AND NOT is_held AND deadline_at > :now
),
running AS (
    SELECT d.playbook, d.site, (
        SELECT count(*) FROM executions AS x
        WHERE x.playbook = d.playbook AND COALESCE(x.site_id, '') = d.site AND x.ended_at IS NULL
        AND x.begun_at IS NOT NULL AND x.undo_of IS NULL AND x.mode <> 'shadow'
    ) AS number
    FROM (SELECT DISTINCT playbook, site FROM limited) AS d
),
begun AS (
    SELECT d.playbook, h.number, h.first_at
    FROM (SELECT DISTINCT playbook FROM limited) AS d
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, min(x.begun_at) AS first_at FROM executions AS x
        WHERE x.playbook = d.playbook AND x.begun_at > CAST(:now AS timestamptz) - interval '1 hour'
        AND x.undo_of IS NULL AND x.mode <> 'shadow'
    ) AS h
),
at_site AS (
    SELECT
        l.*, r.number + row_number() OVER (PARTITION BY l.playbook, l.site ORDER BY l.due_at, l.execution_id) AS place
    FROM limited AS l
    JOIN running AS r USING (playbook, site)
),
in_hour AS (
    SELECT
        s.execution_id, s.per_hour, b.first_at,
        b.number + row_number() OVER (PARTITION BY s.playbook ORDER BY s.due_at, s.execution_id) AS place
    FROM at_site AS s
    JOIN begun AS b USING (playbook)
    WHERE s.place <= s.at_once
),
taken AS (
    SELECT j.execution_id, j.whole_time, j.deadline_at > :now AS is_in_time
    FROM judged AS j
    LEFT JOIN in_hour AS h USING (execution_id)
    WHERE j.is_timed OR (NOT j.is_held AND (NOT j.is_limited OR h.place <= h.per_hour))
),
put_off AS (
    UPDATE executions AS e
    SET due_at = LEAST(
        e.deadline_at,
        CASE
            WHEN j.is_held THEN e.deadline_at
            WHEN h.execution_id IS NULL THEN CAST(:now AS timestamptz) + interval '10 minutes'
            ELSE GREATEST(
                CAST(:now AS timestamptz) + interval '1 minute',
                COALESCE(h.first_at, :now) + interval '1 hour'
            )
        END
    ), lease = NULL, lease_until = NULL, worker = NULL
    FROM judged AS j
    LEFT JOIN in_hour AS h USING (execution_id)
    WHERE e.execution_id = j.execution_id AND j.execution_id NOT IN (SELECT execution_id FROM taken)
),
claimed AS (
    UPDATE executions AS e
    SET lease = CAST(:lease AS uuid), lease_until = :lease_until, due_at = :lease_until, worker = :worker,
        begun_at = CASE WHEN t.is_in_time THEN COALESCE(e.begun_at, :now) ELSE e.begun_at END,
        deadline_at = CASE
            WHEN t.is_in_time AND e.begun_at IS NULL THEN CAST(:now AS timestamptz) + t.whole_time ELSE e.deadline_at
        END
    FROM taken AS t
    WHERE e.execution_id = t.execution_id
    RETURNING e.execution_id
)
SELECT
    (SELECT count(*) FROM judged) AS looked_at,
    ARRAY(SELECT execution_id FROM claimed ORDER BY execution_id) AS execution_ids
