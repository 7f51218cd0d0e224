-- Which release is the server? No parameters. Column: version, as "18.16.1".
SELECT version()
FORMAT TabSeparated
