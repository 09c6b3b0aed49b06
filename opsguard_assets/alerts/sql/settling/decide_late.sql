-- Records the findings of a late tick, which changes nothing, with a decision that says so.
INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings)
SELECT :monitor, dedup_key, :as_of, :as_of, 1, 'late tick', findings FROM f
