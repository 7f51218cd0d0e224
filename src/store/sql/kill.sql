-- Ends the statement with that id, without waiting for its end. Parameters: query_id String.
KILL QUERY
WHERE query_id = {query_id:String}
ASYNC
