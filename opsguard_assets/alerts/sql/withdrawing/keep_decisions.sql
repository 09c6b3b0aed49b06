-- Keeps decisions as they are before they are changed.
INSERT INTO withdrawn_rows (withdrawal_id, table_name, row)
SELECT :number, 'decisions', to_jsonb(d) - 'gone' FROM gone_decisions AS d
