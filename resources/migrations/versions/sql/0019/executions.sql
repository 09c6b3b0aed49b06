-- An execution of a playbook about an episode of an alert.
CREATE TABLE executions (
    execution_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    playbook text NOT NULL,
    digest text NOT NULL,
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    opening bigint NOT NULL,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    client_id text,
    site_id text,
    mode text NOT NULL CHECK (mode IN ('shadow', 'approval', 'alone')),
    requested_by text NOT NULL,
    is_by_hand boolean NOT NULL DEFAULT false,
    undo_of bigint REFERENCES executions (execution_id),
    state text NOT NULL CHECK (state IN (
        'awaiting_approval', 'running', 'waiting', 'succeeded', 'partial', 'failed', 'cancelled', 'expired', 'unknown'
    )),
    phase text NOT NULL DEFAULT 'steps' CHECK (phase IN ('steps', 'on_failure', 'undo')),
    step integer NOT NULL DEFAULT 0,
    triggered_at timestamptz NOT NULL,
    begun_at timestamptz,
    ended_at timestamptz,
    due_at timestamptz,
    deadline_at timestamptz NOT NULL,
    lease uuid,
    lease_until timestamptz,
    worker text,
    reason text,
    FOREIGN KEY (playbook, digest) REFERENCES playbook_versions (playbook, digest),
    CHECK ((lease IS NULL) = (lease_until IS NULL)),
    CHECK ((state IN ('awaiting_approval', 'running', 'waiting')) = (ended_at IS NULL)),
    CHECK ((ended_at IS NULL) = (due_at IS NOT NULL))
);
-- Once per episode, however often it is triggered; by hand as often as people want, but one at a time.
CREATE UNIQUE INDEX one_execution_per_episode ON executions (playbook, alert_id, opening)
    WHERE NOT is_by_hand AND undo_of IS NULL;
CREATE UNIQUE INDEX one_execution_by_hand ON executions (playbook, alert_id)
    WHERE is_by_hand AND undo_of IS NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX one_undo_per_execution ON executions (undo_of) WHERE undo_of IS NOT NULL;
CREATE INDEX executions_due ON executions (due_at) WHERE ended_at IS NULL;
CREATE INDEX executions_by_alert ON executions (alert_id);
CREATE INDEX executions_of_entity ON executions (playbook, entity_type, entity_id, triggered_at);
CREATE INDEX executions_begun ON executions (playbook, begun_at);
COMMENT ON COLUMN executions.opening IS 'which episode of the alert: alerts.openings';
COMMENT ON COLUMN executions.due_at IS 'when somebody has to look at it next: a time-out, a poll, the end of an approval';
COMMENT ON COLUMN executions.deadline_at IS 'when it has failed, or expired if it never began';
COMMENT ON COLUMN executions.lease IS 'the fencing token: a worker that has lost it commits nothing';

-- Its steps, each written when it is reached; keys make every side effect happen once.
CREATE TABLE execution_steps (
    execution_id bigint NOT NULL REFERENCES executions (execution_id),
    phase text NOT NULL CHECK (phase IN ('steps', 'on_failure', 'undo')),
    step integer NOT NULL CHECK (step >= 0),
    name text NOT NULL,
    action text NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'done', 'failed', 'unknown', 'skipped')),
    idempotency_key text NOT NULL UNIQUE,
    effect_id bigint UNIQUE REFERENCES effects (effect_id),
    attempts integer NOT NULL DEFAULT 0,
    input jsonb NOT NULL,
    output jsonb,
    words text,
    started_at timestamptz NOT NULL,
    deadline_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (execution_id, phase, step),
    CHECK ((state = 'planned') = (ended_at IS NULL))
);
CREATE INDEX execution_steps_waiting ON execution_steps (action) WHERE state = 'planned';
COMMENT ON COLUMN execution_steps.effect_id IS 'the side effect of its newest attempt, where it has one outside the house';

CREATE TABLE execution_transitions (
    transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id bigint NOT NULL REFERENCES executions (execution_id),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    detail text
);
CREATE INDEX execution_transitions_by_execution ON execution_transitions (execution_id);

-- Why a playbook ran about an episode, or why not.
CREATE TABLE trigger_decisions (
    playbook text NOT NULL,
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    opening bigint NOT NULL,
    decision text NOT NULL CHECK (decision IN (
        'started', 'shadow', 'cool-down', 'not in the plan', 'not enabled', 'paused', 'switched off', 'too old'
    )),
    reason text NOT NULL,
    at timestamptz NOT NULL,
    execution_id bigint REFERENCES executions (execution_id),
    PRIMARY KEY (playbook, alert_id, opening)
);
CREATE INDEX trigger_decisions_by_alert ON trigger_decisions (alert_id);
