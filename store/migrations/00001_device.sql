-- +goose Up
-- The database of one device. Columns that could tell about a person are BLOBs named "…_sealed": algorithm byte, nonce,
-- ciphertext, bound to the row's identifier and to the column (sync/seal). In clear stand only opaque identifiers,
-- scopes, sequence numbers and times (milliseconds since 1970, or hybrid logical clocks).

-- One row: who this installation is.
CREATE TABLE installation (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    device_id        BLOB NOT NULL CHECK (length(device_id) = 16),
    replica_id       BLOB NOT NULL REFERENCES replica (replica_id), -- the log that is being written
    hlc              INTEGER NOT NULL,                              -- the highest this device has given or seen
    secrets_sealed   BLOB NOT NULL,                                 -- the device's private keys
    enrolment_sealed BLOB                                           -- server, its keys, the grant; NULL until enrolled
) STRICT;

-- The key the sealed columns were written with, as something it must be able to open.
CREATE TABLE keys (
    key_id       INTEGER PRIMARY KEY,
    created      INTEGER NOT NULL,
    check_sealed BLOB NOT NULL
) STRICT;

-- The logs this database has written. A copied or restored database goes on under a new one.
CREATE TABLE replica (
    replica_id BLOB PRIMARY KEY CHECK (length(replica_id) = 16),
    last_n     INTEGER NOT NULL DEFAULT 0, -- the log's last entry
    acked_n    INTEGER NOT NULL DEFAULT 0, -- the server has signed for every entry up to here
    durable_n  INTEGER NOT NULL DEFAULT 0, -- and holds them off its own machine up to here
    nonce      BLOB                        -- from the last receipt, to be shown with the next push
) STRICT, WITHOUT ROWID;

-- Revisions, whole and immutable: the device's own and those that came by pull.
CREATE TABLE revision (
    rev_id         BLOB PRIMARY KEY CHECK (length(rev_id) = 32),
    record_id      BLOB NOT NULL,
    scope_id       BLOB NOT NULL,
    hlc            INTEGER NOT NULL, -- effective: no later than the first trusted hop received it
    payload_sealed BLOB NOT NULL
) STRICT;

CREATE INDEX revision_by_record ON revision (record_id);

-- This device's log: which revision is entry n. Written in the revision's own transaction.
CREATE TABLE rlog (
    replica_id BLOB    NOT NULL REFERENCES replica (replica_id),
    n          INTEGER NOT NULL CHECK (n > 0),
    rev_id     BLOB    NOT NULL REFERENCES revision (rev_id),
    PRIMARY KEY (replica_id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX rlog_by_revision ON rlog (rev_id);

-- How the log was cut for signing. A run that a server may have seen is never cut differently.
CREATE TABLE segment (
    replica_id BLOB    NOT NULL REFERENCES replica (replica_id),
    first_n    INTEGER NOT NULL,
    count      INTEGER NOT NULL CHECK (count > 0),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32), -- named by the next segment as its predecessor
    PRIMARY KEY (replica_id, first_n)
) STRICT, WITHOUT ROWID;

-- The push that waits for its receipt, at most one. It is sent again with the same identifier until a receipt answers.
CREATE TABLE push (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    push_id    BLOB    NOT NULL CHECK (length(push_id) = 16),
    replica_id BLOB    NOT NULL REFERENCES replica (replica_id),
    nonce      BLOB,
    first_n    INTEGER NOT NULL,
    last_n     INTEGER NOT NULL CHECK (last_n >= first_n)
) STRICT;

-- The server's signed words, kept as they came.
CREATE TABLE receipt (
    push_id        BLOB PRIMARY KEY CHECK (length(push_id) = 16),
    received       INTEGER NOT NULL, -- when, by this device's clock
    receipt_sealed BLOB    NOT NULL
) STRICT;

-- What the revisions of a record amount to. Derived from revision; rebuilt for a record whenever one of its revisions
-- arrives.
CREATE TABLE record (
    record_id   BLOB PRIMARY KEY CHECK (length(record_id) = 16),
    scope_id    BLOB    NOT NULL,
    type_tag    BLOB    NOT NULL,            -- keyed hash of the record's type
    about       BLOB,                        -- the household a visit or a problem belongs to
    hlc         INTEGER NOT NULL,
    voided      INTEGER NOT NULL CHECK (voided IN (0, 1)),
    own         INTEGER NOT NULL CHECK (own IN (0, 1)), -- a revision of it is in this device's log
    card_sealed BLOB    NOT NULL             -- what lists show
) STRICT;

CREATE INDEX record_by_type ON record (type_tag, scope_id, hlc);
CREATE INDEX record_own ON record (type_tag, hlc) WHERE own = 1;
CREATE INDEX record_by_about ON record (about, type_tag) WHERE about IS NOT NULL;

-- The revisions nothing has replaced yet; more than one while edits made apart wait for a decision. Derived.
CREATE TABLE record_head (
    record_id BLOB NOT NULL REFERENCES record (record_id) ON DELETE CASCADE,
    rev_id    BLOB NOT NULL REFERENCES revision (rev_id),
    PRIMARY KEY (record_id, rev_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_head_by_revision ON record_head (rev_id);

-- Fields that edits made apart have set to different values. Derived.
CREATE TABLE conflict (
    record_id       BLOB    NOT NULL REFERENCES record (record_id) ON DELETE CASCADE,
    ordinal         INTEGER NOT NULL,
    conflict_sealed BLOB    NOT NULL,
    PRIMARY KEY (record_id, ordinal)
) STRICT, WITHOUT ROWID;

-- Which revision defines which version of a form, by keyed hash of both.
CREATE TABLE form_version (
    form_tag BLOB PRIMARY KEY,
    rev_id   BLOB NOT NULL REFERENCES revision (rev_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX form_version_by_revision ON form_version (rev_id);

-- How far each feed has been followed.
CREATE TABLE cursor (
    scope_id BLOB PRIMARY KEY CHECK (length(scope_id) = 16),
    epoch    BLOB    NOT NULL CHECK (length(epoch) = 16),
    seq      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Attachments whose bytes lie under blobs/.
CREATE TABLE blob (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    size   INTEGER NOT NULL,
    done   INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)) -- the server holds all of it
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_waiting ON blob (size) WHERE done = 0;

CREATE TABLE blob_ref (
    rev_id BLOB NOT NULL REFERENCES revision (rev_id) ON DELETE CASCADE,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (rev_id, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_ref_by_hash ON blob_ref (sha256);

-- Fillings that are not finished. state is the snapshot after step state_step of the journal.
CREATE TABLE draft (
    draft_id     BLOB PRIMARY KEY CHECK (length(draft_id) = 16),
    scope_id     BLOB    NOT NULL,
    changed      INTEGER NOT NULL, -- when the snapshot was made
    state_step   INTEGER NOT NULL,
    facts_sealed BLOB    NOT NULL, -- what lists show
    state_sealed BLOB    NOT NULL
) STRICT;

-- The journal: every change since the snapshot. This is the row that is on disk before an answer counts as given, so
-- it has no index but its key.
CREATE TABLE draft_step (
    draft_id      BLOB    NOT NULL REFERENCES draft (draft_id) ON DELETE CASCADE,
    step          INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    change_sealed BLOB    NOT NULL,
    PRIMARY KEY (draft_id, step)
) STRICT, WITHOUT ROWID;

-- Files of drafts: their bytes lie under blobs/.
CREATE TABLE draft_file (
    draft_id     BLOB NOT NULL REFERENCES draft (draft_id) ON DELETE CASCADE,
    name_tag     BLOB NOT NULL, -- keyed hash of the file's name
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    facts_sealed BLOB NOT NULL, -- name, type and size
    PRIMARY KEY (draft_id, name_tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX draft_file_by_hash ON draft_file (sha256);

-- How far each revision of this device has come: 0 only here, 1 signed for, 2 held off the server's machine as well. A
-- revision logged again after a fork counts by its furthest entry.
CREATE VIEW delivery AS
SELECT v.record_id, l.rev_id,
       max(CASE WHEN l.n <= p.durable_n THEN 2 WHEN l.n <= p.acked_n THEN 1 ELSE 0 END) AS far
  FROM rlog l
  JOIN replica p ON p.replica_id = l.replica_id
  JOIN revision v ON v.rev_id = l.rev_id
 GROUP BY v.record_id, l.rev_id;

-- Records with a revision that is only on this device.
CREATE VIEW unsigned_record AS
SELECT DISTINCT v.record_id
  FROM replica p
  JOIN rlog l ON l.replica_id = p.replica_id AND l.n > p.acked_n
  JOIN revision v ON v.rev_id = l.rev_id
 WHERE NOT EXISTS (
       SELECT 1 FROM rlog a JOIN replica q ON q.replica_id = a.replica_id
        WHERE a.rev_id = l.rev_id AND a.n <= q.acked_n);
