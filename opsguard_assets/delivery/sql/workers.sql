-- Returns the processes that are handing messages over.
SELECT DISTINCT worker FROM effects
WHERE kind = 'message' AND state = 'sending' AND worker IS NOT NULL
