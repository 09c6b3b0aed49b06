-- What is known of a target, kept from others until the end of the transaction, so that no failure is counted away.
INSERT INTO effect_circuits (target, failures, changed_at)
VALUES (:target, 0, :at)
ON CONFLICT (target) DO UPDATE SET target = EXCLUDED.target
RETURNING target, failures, open_until
