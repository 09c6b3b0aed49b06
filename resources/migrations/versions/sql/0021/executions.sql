-- What the engine of playbooks asks at every tick: who holds executions, what is at a site, how the last ones ended.
CREATE INDEX executions_leased ON executions (worker) WHERE lease IS NOT NULL;
CREATE INDEX executions_at_site ON executions (playbook, COALESCE(site_id, '')) WHERE ended_at IS NULL;
CREATE INDEX executions_judged ON executions (playbook, ended_at)
    WHERE state IN ('succeeded', 'partial', 'failed', 'unknown') AND mode <> 'shadow' AND undo_of IS NULL;
CREATE INDEX executions_in_doubt ON executions (execution_id) WHERE state = 'unknown';
ALTER TABLE playbooks ADD COLUMN judged_since timestamptz;
COMMENT ON COLUMN playbooks.judged_since IS 'when it was last resumed: what ended before does not pause it again';

-- Every transition of an alert is looked at by triggers once: what changes later about the alert starts nothing.
CREATE TABLE trigger_looks (
    alert_id bigint PRIMARY KEY REFERENCES alerts (alert_id),
    transition_id bigint NOT NULL
);
COMMENT ON COLUMN trigger_looks.transition_id IS 'the newest transition that was looked at'
