-- Lets one worker at a time try a target whose circuit was open: its time is over, and is prolonged for the others.
-- Returns the target where this worker is the one, or where the circuit was never open; no row where another tries.
WITH circuit AS (
    SELECT failures >= :failures_to_open AS is_half_open, open_until FROM effect_circuits
    WHERE target = :target
    FOR UPDATE
),
reserved AS (
    UPDATE effect_circuits SET open_until = :until
    WHERE target = :target AND EXISTS (SELECT FROM circuit WHERE is_half_open AND open_until <= :now)
)
SELECT :target AS target
WHERE NOT EXISTS (SELECT FROM circuit WHERE open_until > :now)
