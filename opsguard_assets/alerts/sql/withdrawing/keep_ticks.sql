-- Keeps ticks as they are before they are deleted.
INSERT INTO withdrawn_rows (withdrawal_id, table_name, row)
SELECT :number, 'monitor_ticks', to_jsonb(g) FROM gone_ticks AS g
