-- +goose Up

-- Every key begins with the county: a distributed database keeps each county's rows on one machine by it.
-- Identifiers and hashes are BYTEA, moments are BIGINT milliseconds.

-- server is this installation itself: its life (epoch), its own replica, and the clock that never goes back.
CREATE TABLE server (
  county     BIGINT  NOT NULL PRIMARY KEY,
  township   TEXT    NOT NULL,
  epoch      BYTEA   NOT NULL,
  device_id  BYTEA   NOT NULL,
  replica_id BYTEA   NOT NULL,
  hlc        BIGINT  NOT NULL
);

-- code is an enrolment code that was handed out. key proves the code; the code itself is not kept.
CREATE TABLE code (
  county    BIGINT  NOT NULL,
  code_id   BYTEA   NOT NULL,
  proof_key BYTEA   NOT NULL,
  person_id BYTEA   NOT NULL,
  allowed   BYTEA   NOT NULL, -- CBOR of the grant to be, without device and end
  expires   BIGINT  NOT NULL,
  tries     BIGINT  NOT NULL, -- wrong proofs so far
  device_id BYTEA,            -- who used it
  PRIMARY KEY (county, code_id)
);

-- device is an installation that was enrolled, with its grant in force.
CREATE TABLE device (
  county     BIGINT  NOT NULL,
  device_id  BYTEA   NOT NULL,
  sign_key   BYTEA   NOT NULL,
  seal_key   BYTEA   NOT NULL,
  grant_body BYTEA   NOT NULL,
  grant_sign BYTEA   NOT NULL,
  enrolled   BIGINT  NOT NULL,
  revoked    BIGINT  NOT NULL, -- 0 while it is not
  PRIMARY KEY (county, device_id)
);

-- replica is how far one database's log is held here.
CREATE TABLE replica (
  county     BIGINT  NOT NULL,
  replica_id BYTEA   NOT NULL,
  device_id  BYTEA   NOT NULL,
  received   BIGINT  NOT NULL,
  durable    BIGINT  NOT NULL,
  nonce      BYTEA   NOT NULL, -- shown with the last receipt
  nonce_prev BYTEA   NOT NULL, -- the one before, in case that receipt was lost
  PRIMARY KEY (county, replica_id)
);

-- segment is a signed run as it came: what another server needs to verify the log.
CREATE TABLE segment (
  county     BIGINT  NOT NULL,
  replica_id BYTEA   NOT NULL,
  last       BIGINT  NOT NULL,
  hash       BYTEA   NOT NULL,
  header     BYTEA   NOT NULL,
  signature  BYTEA   NOT NULL,
  PRIMARY KEY (county, replica_id, last, hash)
);

CREATE TABLE rlog (
  county     BIGINT  NOT NULL,
  replica_id BYTEA   NOT NULL,
  n          BIGINT  NOT NULL,
  rev_id     BYTEA   NOT NULL,
  PRIMARY KEY (county, replica_id, n)
);
CREATE INDEX rlog_revision ON rlog (county, rev_id);

-- revision: refused is the kind of the reason it is kept apart from feed and record for a person to judge, -1 if not.
CREATE TABLE revision (
  county     BIGINT  NOT NULL,
  rev_id     BYTEA   NOT NULL,
  record_id  BYTEA   NOT NULL,
  scope_id   BYTEA   NOT NULL,
  author     BYTEA   NOT NULL,
  header     BYTEA   NOT NULL,
  salt       BYTEA   NOT NULL,
  commitment BYTEA   NOT NULL,
  body       BYTEA   NOT NULL, -- empty when erased
  ehlc       BIGINT  NOT NULL,
  received   BIGINT  NOT NULL,
  refused    BIGINT  NOT NULL,
  reason     TEXT    NOT NULL,
  PRIMARY KEY (county, rev_id)
);
CREATE INDEX revision_record ON revision (county, record_id);

-- parent is an edge between revisions; the parent need not have arrived.
CREATE TABLE parent (
  county    BIGINT  NOT NULL,
  parent_id BYTEA   NOT NULL,
  rev_id    BYTEA   NOT NULL,
  PRIMARY KEY (county, parent_id, rev_id)
);

-- record is locked by whoever adds a revision to it.
CREATE TABLE record (
  county    BIGINT  NOT NULL,
  record_id BYTEA   NOT NULL,
  scope_id  BYTEA   NOT NULL,
  type      TEXT    NOT NULL,
  PRIMARY KEY (county, record_id)
);
CREATE INDEX record_scope ON record (county, scope_id, type, record_id);

CREATE TABLE record_head (
  county    BIGINT  NOT NULL,
  record_id BYTEA   NOT NULL,
  rev_id    BYTEA   NOT NULL,
  PRIMARY KEY (county, record_id, rev_id)
);

-- scope_head is the counter that makes a feed's order the order of commit.
CREATE TABLE scope_head (
  county   BIGINT  NOT NULL,
  scope_id BYTEA   NOT NULL,
  seq      BIGINT  NOT NULL,
  PRIMARY KEY (county, scope_id)
);

CREATE TABLE feed (
  county   BIGINT  NOT NULL,
  scope_id BYTEA   NOT NULL,
  seq      BIGINT  NOT NULL,
  rev_id   BYTEA   NOT NULL,
  op       BIGINT  NOT NULL,
  PRIMARY KEY (county, scope_id, seq)
);

-- blob_ref says which revisions refer to an attachment and how large they say it is.
CREATE TABLE blob_ref (
  county BIGINT  NOT NULL,
  sha256 BYTEA   NOT NULL,
  rev_id BYTEA   NOT NULL,
  size   BIGINT  NOT NULL,
  PRIMARY KEY (county, sha256, rev_id)
);

-- receipt answers a push that comes again byte for byte as the first time.
CREATE TABLE receipt (
  county  BIGINT  NOT NULL,
  push_id BYTEA   NOT NULL,
  request BYTEA   NOT NULL,
  receipt BYTEA   NOT NULL,
  made    BIGINT  NOT NULL,
  PRIMARY KEY (county, push_id)
);
CREATE INDEX receipt_made ON receipt (county, made);
