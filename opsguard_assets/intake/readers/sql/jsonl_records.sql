-- Makes `records`: each line with the type of its JSON value, and the keys of an object.
CREATE OR REPLACE TEMP TABLE records AS
SELECT position, line,
       CASE WHEN NOT json_valid(line) THEN 'INVALID' ELSE json_type(line) END AS type,
       CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN json_keys(line) END AS keys
FROM lines
