-- +goose Up

-- Every key begins with the county: a distributed database keeps each county's rows on one machine by it.
-- Identifiers and hashes are BLOB, moments are INTEGER milliseconds.

-- server is this installation itself: its life (epoch), its own replica, and the clock that never goes back.
CREATE TABLE server (
  county     INTEGER NOT NULL PRIMARY KEY,
  township   TEXT    NOT NULL,
  epoch      BLOB    NOT NULL,
  device_id  BLOB    NOT NULL,
  replica_id BLOB    NOT NULL,
  hlc        INTEGER NOT NULL
) STRICT;

-- code is an enrolment code that was handed out. key proves the code; the code itself is not kept.
CREATE TABLE code (
  county    INTEGER NOT NULL,
  code_id   BLOB    NOT NULL,
  proof_key BLOB    NOT NULL,
  person_id BLOB    NOT NULL,
  allowed   BLOB    NOT NULL, -- CBOR of the grant to be, without device and end
  expires   INTEGER NOT NULL,
  tries     INTEGER NOT NULL, -- wrong proofs so far
  device_id BLOB,             -- who used it
  PRIMARY KEY (county, code_id)
) STRICT;

-- device is an installation that was enrolled, with its grant in force.
CREATE TABLE device (
  county     INTEGER NOT NULL,
  device_id  BLOB    NOT NULL,
  sign_key   BLOB    NOT NULL,
  seal_key   BLOB    NOT NULL,
  grant_body BLOB    NOT NULL,
  grant_sign BLOB    NOT NULL,
  enrolled   INTEGER NOT NULL,
  revoked    INTEGER NOT NULL, -- 0 while it is not
  PRIMARY KEY (county, device_id)
) STRICT;

-- replica is how far one database's log is held here.
CREATE TABLE replica (
  county     INTEGER NOT NULL,
  replica_id BLOB    NOT NULL,
  device_id  BLOB    NOT NULL,
  received   INTEGER NOT NULL,
  durable    INTEGER NOT NULL,
  nonce      BLOB    NOT NULL, -- shown with the last receipt
  nonce_prev BLOB    NOT NULL, -- the one before, in case that receipt was lost
  PRIMARY KEY (county, replica_id)
) STRICT;

-- segment is a signed run as it came: what another server needs to verify the log.
CREATE TABLE segment (
  county     INTEGER NOT NULL,
  replica_id BLOB    NOT NULL,
  last       INTEGER NOT NULL,
  hash       BLOB    NOT NULL,
  header     BLOB    NOT NULL,
  signature  BLOB    NOT NULL,
  PRIMARY KEY (county, replica_id, last, hash)
) STRICT;

CREATE TABLE rlog (
  county     INTEGER NOT NULL,
  replica_id BLOB    NOT NULL,
  n          INTEGER NOT NULL,
  rev_id     BLOB    NOT NULL,
  PRIMARY KEY (county, replica_id, n)
) STRICT;
CREATE INDEX rlog_revision ON rlog (county, rev_id);

-- revision: refused is the kind of the reason it is kept apart from feed and record for a person to judge, -1 if not.
CREATE TABLE revision (
  county     INTEGER NOT NULL,
  rev_id     BLOB    NOT NULL,
  record_id  BLOB    NOT NULL,
  scope_id   BLOB    NOT NULL,
  author     BLOB    NOT NULL,
  header     BLOB    NOT NULL,
  salt       BLOB    NOT NULL,
  commitment BLOB    NOT NULL,
  body       BLOB    NOT NULL, -- empty when erased
  ehlc       INTEGER NOT NULL,
  received   INTEGER NOT NULL,
  refused    INTEGER NOT NULL,
  reason     TEXT    NOT NULL,
  PRIMARY KEY (county, rev_id)
) STRICT;
CREATE INDEX revision_record ON revision (county, record_id);

-- parent is an edge between revisions; the parent need not have arrived.
CREATE TABLE parent (
  county    INTEGER NOT NULL,
  parent_id BLOB    NOT NULL,
  rev_id    BLOB    NOT NULL,
  PRIMARY KEY (county, parent_id, rev_id)
) STRICT;

-- record is locked by whoever adds a revision to it.
CREATE TABLE record (
  county    INTEGER NOT NULL,
  record_id BLOB    NOT NULL,
  scope_id  BLOB    NOT NULL,
  type      TEXT    NOT NULL,
  PRIMARY KEY (county, record_id)
) STRICT;
CREATE INDEX record_scope ON record (county, scope_id, type, record_id);

CREATE TABLE record_head (
  county    INTEGER NOT NULL,
  record_id BLOB    NOT NULL,
  rev_id    BLOB    NOT NULL,
  PRIMARY KEY (county, record_id, rev_id)
) STRICT;

-- scope_head is the counter that makes a feed's order the order of commit.
CREATE TABLE scope_head (
  county   INTEGER NOT NULL,
  scope_id BLOB    NOT NULL,
  seq      INTEGER NOT NULL,
  PRIMARY KEY (county, scope_id)
) STRICT;

CREATE TABLE feed (
  county   INTEGER NOT NULL,
  scope_id BLOB    NOT NULL,
  seq      INTEGER NOT NULL,
  rev_id   BLOB    NOT NULL,
  op       INTEGER NOT NULL,
  PRIMARY KEY (county, scope_id, seq)
) STRICT;

-- blob_ref says which revisions refer to an attachment and how large they say it is.
CREATE TABLE blob_ref (
  county INTEGER NOT NULL,
  sha256 BLOB    NOT NULL,
  rev_id BLOB    NOT NULL,
  size   INTEGER NOT NULL,
  PRIMARY KEY (county, sha256, rev_id)
) STRICT;

-- receipt answers a push that comes again byte for byte as the first time.
CREATE TABLE receipt (
  county  INTEGER NOT NULL,
  push_id BLOB    NOT NULL,
  request BLOB    NOT NULL,
  receipt BLOB    NOT NULL,
  made    INTEGER NOT NULL,
  PRIMARY KEY (county, push_id)
) STRICT;
CREATE INDEX receipt_made ON receipt (county, made);
