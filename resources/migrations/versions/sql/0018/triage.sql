-- The priority of every unresolved alert, as its newest triage gave it.
CREATE TABLE alert_priorities (
    alert_id bigint PRIMARY KEY REFERENCES alerts (alert_id),
    opening bigint NOT NULL,
    as_of timestamptz NOT NULL,
    action_probability double precision NOT NULL CHECK (action_probability BETWEEN 0 AND 1),
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 100),
    hourly_harm double precision NOT NULL CHECK (hourly_harm >= 0),
    reasons jsonb NOT NULL,
    basis text NOT NULL CHECK (basis IN ('rule', 'model')),
    model_name text,
    model_version text,
    model_run_id text
);
COMMENT ON COLUMN alert_priorities.opening IS 'which opening of the alert it is about: alerts.openings';
COMMENT ON COLUMN alert_priorities.hourly_harm IS 'expected harm of leaving it for one hour, in money';
COMMENT ON COLUMN alert_priorities.reasons IS 'why, in words, the weightiest first';

-- Its history: a row where the priority changed by enough to be told.
CREATE TABLE alert_priority_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    as_of timestamptz NOT NULL,
    from_priority smallint,
    to_priority smallint NOT NULL,
    action_probability double precision NOT NULL,
    reason text NOT NULL
);
CREATE INDEX alert_priority_changes_by_alert ON alert_priority_changes (alert_id);

-- What operators say of an alert; the newest word of a person about an opening counts.
CREATE TABLE alert_feedback (
    feedback_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    opening bigint NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('useful', 'noise', 'wrong')),
    actor text NOT NULL,
    surface text NOT NULL CHECK (surface IN ('cli', 'slack', 'web')),
    note text,
    at timestamptz NOT NULL
);
CREATE INDEX alert_feedback_by_alert ON alert_feedback (alert_id);
