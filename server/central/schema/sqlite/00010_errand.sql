-- +goose Up

-- errand are the bundles that one device brings for another, by the hash of their file: how far each has come, why it was
-- refused, and the server's words on the sender's logs, as they were signed.
CREATE TABLE errand (
  county  INTEGER NOT NULL,
  sum     BLOB    NOT NULL,
  size    INTEGER NOT NULL,
  courier BLOB    NOT NULL,
  state   INTEGER NOT NULL,
  kind    INTEGER NOT NULL DEFAULT 0,
  message TEXT    NOT NULL DEFAULT '',
  words   BLOB    NOT NULL,
  begun   INTEGER NOT NULL,
  PRIMARY KEY (county, sum)
) STRICT;

CREATE INDEX errand_courier ON errand (county, courier);
