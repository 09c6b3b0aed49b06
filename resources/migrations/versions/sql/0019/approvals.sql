-- What somebody has to agree to before it is done.
CREATE TABLE approvals (
    approval_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id bigint NOT NULL REFERENCES executions (execution_id),
    phase text NOT NULL CHECK (phase IN ('steps', 'on_failure', 'undo')),
    step integer NOT NULL,
    action_digest text NOT NULL CHECK (action_digest ~ '^[0-9a-f]{64}$'),
    plan jsonb NOT NULL,
    team text,
    needed smallint NOT NULL CHECK (needed IN (1, 2)),
    requester text NOT NULL,
    requester_may_approve boolean NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('approved', 'denied', 'expired', 'void', 'cancelled')),
    decided_at timestamptz,
    decided_by text,
    reason text,
    CHECK (expires_at > asked_at),
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_open_approval ON approvals (execution_id) WHERE decision IS NULL;
CREATE INDEX approvals_by_execution ON approvals (execution_id);
COMMENT ON COLUMN approvals.action_digest IS 'of actions, parameters and the state of their targets: what people agreed to';
COMMENT ON COLUMN approvals.decision IS 'void: the situation had changed when somebody decided';

-- Who said what; a person says it once.
CREATE TABLE approval_votes (
    approval_id bigint NOT NULL REFERENCES approvals (approval_id),
    person_id text NOT NULL CHECK (person_id <> ''),
    vote text NOT NULL CHECK (vote IN ('approve', 'deny')),
    at timestamptz NOT NULL,
    surface text NOT NULL CHECK (surface IN ('cli', 'slack', 'web')),
    note text,
    PRIMARY KEY (approval_id, person_id)
);

-- Shifts that people were asked to take, one after the other.
CREATE TABLE shift_offers (
    offer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id bigint NOT NULL REFERENCES executions (execution_id),
    step integer NOT NULL,
    place integer NOT NULL,
    shift_id text NOT NULL,
    person_id text NOT NULL CHECK (person_id <> ''),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answer text CHECK (answer IN ('yes', 'no', 'no answer', 'withdrawn', 'too late')),
    answered_at timestamptz,
    UNIQUE (execution_id, step, person_id),
    CHECK (expires_at > asked_at),
    CHECK ((answer IS NULL) = (answered_at IS NULL))
);
-- The first yes wins, also where two people say it at the same moment.
CREATE UNIQUE INDEX one_yes_per_shift ON shift_offers (shift_id) WHERE answer = 'yes';

-- What was collected about an alert, for people.
CREATE TABLE alert_attachments (
    attachment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts (alert_id),
    execution_id bigint REFERENCES executions (execution_id),
    step integer,
    kind text NOT NULL CHECK (kind IN ('diagnostics', 'substitutes')),
    at timestamptz NOT NULL,
    content jsonb NOT NULL,
    plot text,
    UNIQUE (execution_id, step, kind)
);
CREATE INDEX alert_attachments_by_alert ON alert_attachments (alert_id);
COMMENT ON COLUMN alert_attachments.plot IS 'a picture as SVG, made of numbers only';
