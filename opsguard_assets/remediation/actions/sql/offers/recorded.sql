-- Notes the record of a yes as the side effect of the step that asked: the execution is looked at again with it.
UPDATE execution_steps SET effect_id = :effect_id
WHERE execution_id = :execution_id AND step = :step AND action = 'offer_shift' AND state = 'planned'
