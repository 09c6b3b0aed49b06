-- Returns what playbooks did since an instant and the simulated provider can feel: (kind, entity, person, when).
SELECT CASE s.action WHEN 'assign' THEN 'give' ELSE 'restart' END, e.entity_id, s.output ->> 'person_id', s.ended_at
FROM execution_steps AS s JOIN executions AS e USING (execution_id)
WHERE s.phase = 'steps' AND s.state = 'done' AND s.ended_at >= :since
  AND ((s.action = 'assign' AND e.entity_type = 'ticket') OR s.action = 'reboot_device')
UNION ALL
SELECT 'take over', shift_id, person_id, answered_at FROM shift_offers WHERE answer = 'yes' AND answered_at >= :since
ORDER BY 4, 2
