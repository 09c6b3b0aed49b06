-- Which role may read which client, and the views that show a role its clients only.
-- A view reads as its owner, so its readers need no right to a table. The clients come as an array of one subquery,
-- which PostgreSQL takes as a condition of the index. A barrier: no predicate of a reader sees a row before it.
CREATE TABLE finance_grants (
    role_name name NOT NULL,
    client_id text NOT NULL,
    PRIMARY KEY (role_name, client_id)
);
COMMENT ON COLUMN finance_grants.client_id IS 'empty for the provider''s own card';

CREATE SCHEMA IF NOT EXISTS opsguard_finance;
CREATE VIEW opsguard_finance.scorecards WITH (security_barrier) AS
SELECT
    s.client_id, s.month, s.number, NOT EXISTS (
        SELECT FROM scorecards AS later
        WHERE later.client_id = s.client_id AND later.month = s.month AND later.number > s.number
        AND (later.signed_at IS NOT NULL OR later.sent_at IS NOT NULL)
    ) AS is_newest,
    s.status, s.sent_unsigned, s.figures, s.digest, s.reason, s.signed_at, s.signed_by, s.sent_at
FROM scorecards AS s
WHERE s.client_id = ANY (
    CAST((SELECT ARRAY(SELECT g.client_id FROM finance_grants AS g WHERE g.role_name = current_user)) AS text[])
) AND (s.signed_at IS NOT NULL OR s.sent_at IS NOT NULL);
COMMENT ON COLUMN opsguard_finance.scorecards.is_newest IS 'no restatement of it is signed or sent';

CREATE VIEW opsguard_finance.measures WITH (security_barrier) AS
SELECT
    s.client_id, s.month, s.number, s.is_newest, s.status, m.kpi, m.month AS month_of_measure, m.value, m.numerator,
    m.denominator, m.low, m.high, m.target, m.band, m.missing
FROM opsguard_finance.scorecards AS s
CROSS JOIN LATERAL jsonb_to_recordset(CAST(s.figures AS jsonb) -> 'measures') AS m (
    kpi text, month text, value numeric, numerator numeric, denominator numeric, low numeric, high numeric,
    target numeric, band text, missing text
);

CREATE VIEW opsguard_finance.signings WITH (security_barrier) AS
SELECT
    s.place, s.client_id, s.month, s.number, s.digest, s.signed_by, s.signed_at, s.reason, s.previous, s.link
FROM scorecard_signings AS s
WHERE s.client_id = ANY (
    CAST((SELECT ARRAY(SELECT g.client_id FROM finance_grants AS g WHERE g.role_name = current_user)) AS text[])
);

CREATE VIEW opsguard_finance.clients WITH (security_barrier) AS
SELECT
    g.client_id, count(s.month) AS months, min(s.month) AS first_month, max(s.month) AS last_month,
    max(s.signed_at) AS last_signed_at, max(s.sent_at) AS last_sent_at
FROM finance_grants AS g
LEFT JOIN opsguard_finance.scorecards AS s ON s.client_id = g.client_id AND s.is_newest
WHERE g.role_name = current_user
GROUP BY g.client_id
