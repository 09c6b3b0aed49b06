-- Snapshots of the lake, scorecards, their signings as a chain with one head, and the files made of them.
CREATE TABLE scorecard_snapshots (
    snapshot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month date NOT NULL,
    as_of timestamptz NOT NULL,
    recorded_upto timestamptz NOT NULL,
    versions jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    released_at timestamptz
);
COMMENT ON COLUMN scorecard_snapshots.recorded_upto IS 'records that were recorded later do not count';
COMMENT ON COLUMN scorecard_snapshots.versions IS 'version of each derived table by name; pinned until released_at';

CREATE TABLE scorecards (
    client_id text NOT NULL,
    month date NOT NULL,
    number integer NOT NULL CHECK (number >= 0),
    status text NOT NULL CHECK (status IN ('draft', 'reviewed', 'signed', 'sent')),
    sent_unsigned boolean NOT NULL DEFAULT false,
    figures text NOT NULL,
    digest text NOT NULL,
    snapshot_id bigint NOT NULL REFERENCES scorecard_snapshots,
    reason text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    reviewed_at timestamptz,
    reviewed_by text,
    signed_at timestamptz,
    signed_by text,
    sent_at timestamptz,
    sent_by text,
    send_note text,
    PRIMARY KEY (client_id, month, number),
    CONSTRAINT scorecard_digest CHECK (digest = encode(sha256(convert_to(figures, 'UTF8')), 'hex')),
    CONSTRAINT scorecard_month CHECK (extract(day FROM month) = 1),
    CONSTRAINT scorecard_reason CHECK (number = 0 OR reason <> ''),
    CONSTRAINT scorecard_status CHECK (
        (status <> 'signed' OR signed_at IS NOT NULL) AND (status <> 'sent' OR sent_at IS NOT NULL)
        AND (status <> 'sent' OR sent_unsigned OR signed_at IS NOT NULL)
    )
);
CREATE INDEX scorecards_by_month ON scorecards (month);
CREATE INDEX scorecards_by_snapshot ON scorecards (snapshot_id);
COMMENT ON COLUMN scorecards.client_id IS 'empty for the provider''s own card';
COMMENT ON COLUMN scorecards.number IS '0, n for the n-th restatement';
COMMENT ON COLUMN scorecards.figures IS 'RFC 8785 JSON, without the seal';
COMMENT ON COLUMN scorecards.send_note IS 'whom it could not go to, and why';

CREATE TABLE scorecard_signings (
    place bigint PRIMARY KEY,
    client_id text NOT NULL,
    month date NOT NULL,
    number integer NOT NULL,
    digest text NOT NULL,
    signed_by text NOT NULL CHECK (signed_by <> ''),
    signed_at timestamptz NOT NULL,
    reason text NOT NULL,
    previous text NOT NULL UNIQUE,
    link text NOT NULL UNIQUE,
    UNIQUE (client_id, month, number),
    FOREIGN KEY (client_id, month, number) REFERENCES scorecards
);
CREATE TABLE scorecard_chain (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    length bigint NOT NULL,
    link text NOT NULL
);
INSERT INTO scorecard_chain (length, link) VALUES (0, repeat('0', 64));

CREATE TABLE scorecard_files (
    client_id text NOT NULL,
    month date NOT NULL,
    number integer NOT NULL,
    sealed text NOT NULL CHECK (sealed IN ('unsigned', 'signed')),
    of_digest text NOT NULL,
    kind text NOT NULL,
    digest text NOT NULL,
    bytes bigint NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, month, number, sealed, of_digest, kind),
    FOREIGN KEY (client_id, month, number) REFERENCES scorecards
);
COMMENT ON COLUMN scorecard_files.of_digest IS 'SHA-256 of the figures that it shows';
COMMENT ON COLUMN scorecard_files.digest IS 'SHA-256, the name of the file below the lake';
COMMENT ON COLUMN scorecard_files.made_by IS 'versions of what wrote it';
