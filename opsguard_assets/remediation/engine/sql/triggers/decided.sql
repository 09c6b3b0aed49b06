-- Records decisions, and the executions that follow from them, once per playbook and episode. Returns how many
-- decisions of each kind are new.
WITH rows AS (
    SELECT r.playbook, r.alert_id, r.opening, r.decision, r.reason, r.mode, r.digest, r.deadline_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        playbook text, alert_id bigint, opening bigint, decision text, reason text, mode text, digest text,
        deadline_at timestamptz
    )
    WHERE NOT EXISTS (
        SELECT FROM trigger_decisions AS d
        WHERE d.playbook = r.playbook AND d.alert_id = r.alert_id AND d.opening = r.opening
    )
),
begun AS (
    INSERT INTO executions (
        playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode, requested_by, state,
        triggered_at, due_at, deadline_at
    )
    SELECT
        r.playbook, r.digest, r.alert_id, r.opening, a.entity_type, a.entity_id, a.client_id, a.site_id, r.mode,
        'trigger', 'running', :at, :at, r.deadline_at
    FROM rows AS r
    JOIN alerts AS a USING (alert_id)
    WHERE r.mode IS NOT NULL
    ORDER BY r.alert_id, r.playbook
    ON CONFLICT (playbook, alert_id, opening) WHERE NOT is_by_hand AND undo_of IS NULL DO NOTHING
    RETURNING execution_id, playbook, alert_id, opening
),
noted AS (
    INSERT INTO execution_transitions (execution_id, at, actor, to_state, detail)
    SELECT b.execution_id, :at, 'remediation', 'running', 'alert ' || b.alert_id || ': ' || r.reason
    FROM begun AS b
    JOIN rows AS r USING (playbook, alert_id, opening)
    ORDER BY b.execution_id
),
decided AS (
    INSERT INTO trigger_decisions (playbook, alert_id, opening, decision, reason, at, execution_id)
    SELECT r.playbook, r.alert_id, r.opening, r.decision, r.reason, :at, b.execution_id
    FROM rows AS r
    LEFT JOIN begun AS b USING (playbook, alert_id, opening)
    ON CONFLICT (playbook, alert_id, opening) DO NOTHING
    RETURNING decision
)
SELECT decision, count(*) AS number FROM decided GROUP BY decision ORDER BY decision
