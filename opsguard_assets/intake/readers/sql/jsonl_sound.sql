-- Returns the values of the sound records at the given pointers, as texts in a list `v`.
SELECT position, json_extract_string(line, $pointers::VARCHAR[]) AS v
FROM records LEFT JOIN reasons USING (keys)
WHERE type = 'OBJECT' AND problem IS NULL
