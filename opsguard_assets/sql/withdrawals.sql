-- Returns withdrawals, the newest first; `taken_out` says how many rows of which table each took out.
SELECT w.*, (
    SELECT jsonb_object_agg(table_name, n)
    FROM (
        SELECT table_name, count(*) AS n
        FROM withdrawn_rows AS r
        WHERE r.withdrawal_id = w.withdrawal_id
        GROUP BY table_name
    ) AS t
) AS taken_out
FROM withdrawals AS w
ORDER BY withdrawal_id DESC
LIMIT :limit
