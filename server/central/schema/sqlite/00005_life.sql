-- +goose Up

-- doubted is when a new epoch was last begun on the word of a cursor alone.
ALTER TABLE server ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;

-- past_epoch are the lives this database has left, by which one that was put back is told from one that went on.
CREATE TABLE past_epoch (
  county INTEGER NOT NULL,
  epoch  BLOB    NOT NULL,
  PRIMARY KEY (county, epoch)
) STRICT;

-- revocations are the lists of revoked devices, as the server signed them. The one with the highest serial is in force.
CREATE TABLE revocations (
  county INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  list   BLOB    NOT NULL,
  sign   BLOB    NOT NULL,
  PRIMARY KEY (county, serial)
) STRICT;

-- judged is when a person decided about a revision that was kept apart, 0 while nobody has: it was accepted if refused
-- is -1, and dropped otherwise, because of what judgement says.
ALTER TABLE revision ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN judgement TEXT NOT NULL DEFAULT '';

CREATE INDEX replica_device ON replica (county, device_id);
