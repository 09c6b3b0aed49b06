-- Returns the records of a CSV file as texts; what DuckDB cannot split goes to `reject_errors`. The options come as
-- variables, because a relation that is read batch by batch takes no parameters. Nothing is guessed: the header was
-- read before, and every column is text.
SELECT *
FROM read_csv(
    getvariable('path'), columns = getvariable('columns'), auto_detect = false, header = false,
    skip = getvariable('skip'), delim = getvariable('delimiter'), quote = getvariable('quote'),
    escape = getvariable('quote'), max_line_size = getvariable('longest'), strict_mode = true, store_rejects = true,
    compression = 'none', new_line = '\n'
)
