-- Notes files that are kept; the first one of a kind stays.
INSERT INTO scorecard_files (
    client_id, month, number, sealed, of_digest, kind, digest, bytes, made_by, made_at
)
SELECT :client_id, :month, :number, :sealed, :of_digest, r.kind, r.digest, r.bytes, :made_by, :at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (kind text, digest text, bytes bigint)
ON CONFLICT DO NOTHING
