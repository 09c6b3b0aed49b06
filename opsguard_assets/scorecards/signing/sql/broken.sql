-- Returns the links that do not hold.
SELECT place, client_id, month, number, reason FROM scorecard_chain_broken ORDER BY place
