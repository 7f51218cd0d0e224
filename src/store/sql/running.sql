-- Does a statement with that id still run on this server?
-- Parameters: query_id String. Column: count (statements).
SELECT count()
FROM system.processes
WHERE query_id = {query_id:String}
FORMAT RowBinary
