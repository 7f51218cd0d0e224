-- Asked under the query id of another statement: refused with error 216 while that one runs.
-- No parameters. No columns of interest.
SELECT 1
FORMAT RowBinary
