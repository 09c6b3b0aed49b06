-- Returns how many first messages and reminders each address was decided to get since a moment.
SELECT channel, address, count(*) AS sent
FROM notices
WHERE decided_at > :since AND kind IN ('raised', 'chain') AND decision = 'told'
GROUP BY channel, address
ORDER BY channel, address
