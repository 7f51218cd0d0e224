-- Makes our database where it is missing. Parameters: database Identifier.
CREATE DATABASE IF NOT EXISTS {database:Identifier}
