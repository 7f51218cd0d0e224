-- A change is given up.
ROLLBACK;
