-- Records how the candidates of a moment were decided; the first look at a moment counts.
INSERT INTO escalation_ticks (as_of, risk_as_of, candidates, decisions, recorded_at, settled_by)
VALUES (:as_of, :risk_as_of, :candidates, :decisions, :at, :settled_by)
ON CONFLICT (as_of) DO NOTHING
