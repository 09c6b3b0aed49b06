-- Alerts that belong together, so that people are told once. One unresolved incident per group.
CREATE TABLE incidents (
    incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_key text NOT NULL CHECK (group_key <> ''),
    cause text NOT NULL,
    client_id text,
    site_id text,
    title text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 100),
    is_life_safety boolean NOT NULL DEFAULT false,
    is_in_plan boolean NOT NULL DEFAULT true,
    alerts integer NOT NULL,
    unresolved integer NOT NULL,
    team text,
    owner_id text,
    version integer NOT NULL DEFAULT 1,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_priority smallint,
    resolved_at timestamptz,
    merged_into bigint REFERENCES incidents (incident_id),
    routed_version integer NOT NULL DEFAULT 0,
    chain_step integer NOT NULL DEFAULT 0,
    chain_base integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (next_step_at IS NULL OR state = 'open')
);
CREATE UNIQUE INDEX one_unresolved_incident ON incidents (group_key) WHERE state <> 'resolved';
CREATE INDEX incidents_to_route ON incidents (incident_id) WHERE routed_version < version;
CREATE INDEX incidents_next_step ON incidents (next_step_at) WHERE next_step_at IS NOT NULL;
COMMENT ON COLUMN incidents.priority IS 'the greatest priority among its unresolved alerts; once resolved, the last one';
COMMENT ON COLUMN incidents.alerts IS 'alerts that ever joined it';
COMMENT ON COLUMN incidents.unresolved IS 'alerts that are in it and unresolved';
COMMENT ON COLUMN incidents.version IS 'rises with every change that a message shows';
COMMENT ON COLUMN incidents.routed_version IS 'the version that was last decided on: who is told';
COMMENT ON COLUMN incidents.chain_step IS 'the step of the escalation chain that was taken last; 0: the first notice';
COMMENT ON COLUMN incidents.chain_base IS 'the step at which the chain began: that of the first notice since it was opened, or opened again';
COMMENT ON COLUMN incidents.is_in_plan IS 'whether the plan of the client holds its alerts; nobody is told otherwise';
COMMENT ON COLUMN incidents.next_step_at IS 'when the next step is due unless somebody acknowledges; null: none is';

-- Which alert is in which incident, and why. An alert is in one incident at a time.
CREATE TABLE incident_alerts (
    incident_id bigint NOT NULL REFERENCES incidents (incident_id),
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    why text NOT NULL,
    PRIMARY KEY (incident_id, alert_id, joined_at)
);
CREATE UNIQUE INDEX one_incident_per_alert ON incident_alerts (alert_id) WHERE left_at IS NULL;

CREATE TABLE incident_transitions (
    transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents (incident_id),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    detail text
);
CREATE INDEX incident_transitions_by_incident ON incident_transitions (incident_id);
