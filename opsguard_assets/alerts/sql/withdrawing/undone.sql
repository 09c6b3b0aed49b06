-- Makes `undone`: the transitions that withdrawn ticks caused.
CREATE TEMP TABLE undone ON COMMIT DROP AS
SELECT t.* FROM alert_transitions AS t
JOIN gone_ticks AS g ON NOT g.is_late AND t.at = g.as_of AND t.actor = g.monitor
WHERE t.withdrawal_id IS NULL
