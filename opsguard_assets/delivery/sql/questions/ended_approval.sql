-- Returns whether an approval is decided. A decision that is being made is waited for.
SELECT decision IS NOT NULL AS is_over FROM approvals
WHERE approval_id = :number
FOR SHARE
