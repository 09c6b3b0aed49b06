-- Returns the numbers of the approvals of an execution, the first one first.
SELECT approval_id
FROM approvals
WHERE execution_id = :execution_id
ORDER BY approval_id
