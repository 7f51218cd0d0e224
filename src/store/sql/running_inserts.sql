-- Does any INSERT run on the embedded engine? No parameters. Column: count (statements).
SELECT count()
FROM system.processes
WHERE startsWith(upper(trimLeft(query)), 'INSERT')
FORMAT RowBinary
