-- A change begins: from here on nobody else writes.
BEGIN IMMEDIATE;
