-- Writes down what is known of a target after an answer.
INSERT INTO effect_circuits (target, failures, open_until, words, changed_at)
VALUES (:target, :failures, :open_until, :words, :at)
ON CONFLICT (target) DO UPDATE
SET failures = EXCLUDED.failures, open_until = EXCLUDED.open_until, words = EXCLUDED.words,
    changed_at = EXCLUDED.changed_at
