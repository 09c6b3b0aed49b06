-- Returns the approval of an execution on which nobody has decided.
SELECT approval_id FROM approvals WHERE execution_id = :execution_id AND decision IS NULL
