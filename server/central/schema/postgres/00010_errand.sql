-- +goose Up

-- errand are the bundles that one device brings for another, by the hash of their file: how far each has come, why it was
-- refused, and the server's words on the sender's logs, as they were signed.
CREATE TABLE errand (
  county  BIGINT NOT NULL,
  sum     BYTEA    NOT NULL,
  size    BIGINT NOT NULL,
  courier BYTEA    NOT NULL,
  state   BIGINT NOT NULL,
  kind    BIGINT NOT NULL DEFAULT 0,
  message TEXT    NOT NULL DEFAULT '',
  words   BYTEA    NOT NULL,
  begun   BIGINT NOT NULL,
  PRIMARY KEY (county, sum)
);

CREATE INDEX errand_courier ON errand (county, courier);
