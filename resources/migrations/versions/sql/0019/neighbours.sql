-- Messages and links about executions: approvals, offers and what a playbook says. Who of a team has an alert.
ALTER TABLE notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (kind IN (
    'raised', 'chain', 'update', 'resolved', 'digest', 'escalation', 'approval', 'offer', 'playbook'
));
ALTER TABLE notices ADD COLUMN execution_id bigint REFERENCES executions (execution_id);
ALTER TABLE notices ADD COLUMN words text;
CREATE INDEX notices_by_execution ON notices (execution_id) WHERE execution_id IS NOT NULL;
COMMENT ON COLUMN notices.words IS 'what a playbook says to its readers';
ALTER TABLE link_tokens DROP CONSTRAINT link_tokens_purpose_check;
ALTER TABLE link_tokens ADD CONSTRAINT link_tokens_purpose_check CHECK (purpose IN (
    'acknowledge', 'feedback', 'view', 'approval', 'offer'
));
-- Triggers read what happened lately, whatever the moment that it is about.
CREATE INDEX alert_transitions_recorded ON alert_transitions (recorded_at);
