-- Returns the offers that nobody has answered and that have reached somebody: (offer, shift, person, when, until).
SELECT o.offer_id, o.shift_id, o.person_id, min(e.settled_at) AS reached_at, o.expires_at
FROM shift_offers AS o
JOIN notices AS n ON n.execution_id = o.execution_id AND n.kind = 'offer' AND n.person_id = o.person_id
JOIN effects AS e ON e.effect_id = n.effect_id AND e.state = 'done'
WHERE o.answer IS NULL AND starts_with(n.message_key, 'offer/' || o.offer_id || '/')
GROUP BY o.offer_id
HAVING min(e.settled_at) < o.expires_at
ORDER BY o.offer_id
