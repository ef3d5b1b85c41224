-- +goose Up

-- recipients are the lists of whom things are sealed to, as the server signed them. The one with the highest serial is
-- in force; the others say what was in force before.
CREATE TABLE recipients (
  county INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  list   BLOB    NOT NULL,
  sign   BLOB    NOT NULL,
  PRIMARY KEY (county, serial)
) STRICT;
