-- Returns the lines that are no sound record, with the reason. `reasons` names the sets of keys that cannot become
-- columns. `$surrogate` finds half of a character: JSON allows it, no text can hold it.
SELECT position,
       CASE WHEN type = 'INVALID' AND regexp_matches(line, $surrogate)
            THEN 'no valid JSON, probably a text with half a character: \u followed by d8 to df'
            WHEN type = 'INVALID' THEN 'no valid JSON'
            WHEN type = 'OBJECT' THEN problem
            ELSE 'no JSON object but a value of type ' || lower(type) END,
       line
FROM records LEFT JOIN reasons USING (keys)
WHERE type <> 'OBJECT' OR problem IS NOT NULL
