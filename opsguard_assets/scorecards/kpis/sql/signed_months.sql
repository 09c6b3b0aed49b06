-- The months of clients that are signed, whichever restatement it was.
SELECT DISTINCT client_id, month
FROM scorecard_signings
ORDER BY client_id, month
