-- A change is whole.
COMMIT;
