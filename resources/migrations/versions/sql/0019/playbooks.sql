-- Every text of a playbook that was ever in use: an execution keeps the one that it began with.
CREATE TABLE playbook_versions (
    playbook text NOT NULL CHECK (playbook <> ''),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    content jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (playbook, digest)
);
COMMENT ON COLUMN playbook_versions.content IS 'the playbook as its model writes it; the digest is of this';

-- How each playbook stands now.
CREATE TABLE playbooks (
    playbook text PRIMARY KEY,
    digest text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('shadow', 'approval', 'alone')),
    mode_since timestamptz NOT NULL,
    mode_reason text NOT NULL,
    failures_in_a_row integer NOT NULL DEFAULT 0,
    paused_at timestamptz,
    paused_by text,
    paused_why text,
    removed_at timestamptz,
    FOREIGN KEY (playbook, digest) REFERENCES playbook_versions (playbook, digest),
    CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (paused_why IS NULL))
);
COMMENT ON COLUMN playbooks.removed_at IS 'since when no file holds it any more; it starts nothing';

-- The ladder: every change of how much a playbook may do by itself.
CREATE TABLE playbook_modes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    playbook text NOT NULL REFERENCES playbooks (playbook),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    from_mode text,
    to_mode text NOT NULL CHECK (to_mode IN ('shadow', 'approval', 'alone')),
    reason text NOT NULL,
    figures jsonb
);
CREATE INDEX playbook_modes_by_playbook ON playbook_modes (playbook, at);

-- Kill switches: while a row is here, nothing starts and nothing goes on.
CREATE TABLE remediation_switches (
    scope text NOT NULL CHECK (scope IN ('all', 'playbook', 'client')),
    name text NOT NULL DEFAULT '',
    off_at timestamptz NOT NULL,
    off_by text NOT NULL,
    why text NOT NULL CHECK (why <> ''),
    PRIMARY KEY (scope, name),
    CHECK ((scope = 'all') = (name = ''))
);
