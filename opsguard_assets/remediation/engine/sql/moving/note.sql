-- Notes in the history of an execution what happened to it.
INSERT INTO execution_transitions (execution_id, at, actor, from_state, to_state, detail)
VALUES (:execution_id, :at, :actor, :from_state, :to_state, :detail)
