-- Returns the files that were made of some figures.
SELECT kind, digest, bytes, made_by FROM scorecard_files
WHERE client_id = :client_id AND month = :month AND number = :number AND sealed = :sealed AND of_digest = :of_digest
ORDER BY kind
