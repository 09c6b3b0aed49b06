-- Every decision about a recipient: who is told what by which channel, or why not.
-- What is told has an effect of the kind "message"; its state says how far the delivery got.
CREATE TABLE notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint REFERENCES incidents (incident_id),
    incident_version integer,
    kind text NOT NULL CHECK (kind IN ('raised', 'chain', 'update', 'resolved', 'digest', 'escalation')),
    step integer NOT NULL DEFAULT 0,
    audience text NOT NULL,
    person_id text,
    channel text NOT NULL,
    address text,
    decision text NOT NULL CHECK (decision IN (
        'told', 'digest', 'superseded', 'not on duty', 'over budget', 'no address', 'not in the plan', 'too old'
    )),
    reason text NOT NULL,
    rule text NOT NULL,
    urgency text NOT NULL CHECK (urgency IN ('now', 'soon', 'digest')),
    decided_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    message_key text CHECK (message_key <> ''),
    effect_id bigint REFERENCES effects (effect_id),
    in_digest bigint REFERENCES notices (notice_id),
    UNIQUE (message_key),
    UNIQUE (effect_id),
    CHECK (effect_id IS NULL OR decision IN ('told', 'superseded'))
);
CREATE INDEX notices_by_incident ON notices (incident_id);
CREATE INDEX notices_for_digest ON notices (due_at) WHERE decision = 'digest' AND in_digest IS NULL;
COMMENT ON COLUMN notices.audience IS 'in which role: owner, supervisor, lead, client channel, executive, …';
COMMENT ON COLUMN notices.rule IS 'the route of opsguard.yaml or the default that decided';
COMMENT ON COLUMN notices.in_digest IS 'the digest that it was told with';

-- The message that a recipient has about an incident: later states are edits of it, or replies to it.
CREATE TABLE message_threads (
    incident_id bigint NOT NULL REFERENCES incidents (incident_id),
    channel text NOT NULL,
    address text NOT NULL,
    effect_id bigint NOT NULL REFERENCES effects (effect_id),
    reference jsonb NOT NULL,
    shown_version integer NOT NULL,
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, channel, address)
);
COMMENT ON COLUMN message_threads.reference IS 'where it is: channel and timestamp in Slack, Message-ID of a mail';
