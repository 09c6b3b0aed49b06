-- Effects that are due later than they are planned: how long they are tried counts from then.
ALTER TABLE effects ADD COLUMN first_due_at timestamptz;
COMMENT ON COLUMN effects.first_due_at IS 'when it was due first, where that was later than planned_at';
-- What was settled lately is counted without reading all of history.
CREATE INDEX effects_settled ON effects (kind, settled_at) WHERE settled_at IS NOT NULL
