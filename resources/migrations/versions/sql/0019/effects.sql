-- The next effect is the one of the greatest rank: found without sorting all that are due.
CREATE INDEX effects_next ON effects (kind, rank DESC, effect_id) WHERE state IN ('planned', 'sending', 'unknown')
