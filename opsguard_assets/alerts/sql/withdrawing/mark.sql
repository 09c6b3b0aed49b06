-- Marks transitions as withdrawn. They stay in the history and no longer count.
UPDATE alert_transitions AS t SET withdrawal_id = :number
FROM undone AS u WHERE t.transition_id = u.transition_id
