-- There is a user: the set-up code is over.
DELETE FROM setup;
