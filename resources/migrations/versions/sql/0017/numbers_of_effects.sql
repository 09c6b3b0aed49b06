-- New effects and transitions get numbers after those that were moved.
SELECT
    setval(pg_get_serial_sequence('effects', 'effect_id'), (SELECT COALESCE(max(effect_id), 0) + 1 FROM effects), false),
    setval(
        pg_get_serial_sequence('effect_transitions', 'transition_id'),
        (SELECT COALESCE(max(transition_id), 0) + 1 FROM effect_transitions), false
    )
