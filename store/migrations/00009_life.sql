-- +goose Up
-- How far a log has been pruned: its entries up to n are held off the server's machine and are no longer kept as a log.
-- hash is that of the segment that ended there, which the next one names.
CREATE TABLE pruned (
    replica_id BLOB PRIMARY KEY REFERENCES replica (replica_id),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    n          INTEGER NOT NULL CHECK (n > 0)
) STRICT, WITHOUT ROWID;

-- The device's own revisions whose log entries were pruned, and from which log.
CREATE TABLE shed (
    rev_id     BLOB PRIMARY KEY REFERENCES revision (rev_id) ON DELETE CASCADE,
    replica_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What the server said when it kept a revision of this device apart.
CREATE TABLE reject (
    rev_id      BLOB PRIMARY KEY REFERENCES revision (rev_id) ON DELETE CASCADE,
    said_sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The server's signatures over the pages that were read, with the revisions that stood in them one behind another: what
-- gives a server back that has lost them what others wrote.
CREATE TABLE stamp (
    scope_id  BLOB    NOT NULL CHECK (length(scope_id) = 16),
    epoch     BLOB    NOT NULL CHECK (length(epoch) = 16),
    after_n   INTEGER NOT NULL,
    revisions BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    PRIMARY KEY (scope_id, epoch, after_n)
) STRICT;

-- Scopes that were withdrawn, until nothing of them is left here.
CREATE TABLE withdrawn (
    scope_id BLOB PRIMARY KEY CHECK (length(scope_id) = 16)
) STRICT, WITHOUT ROWID;

-- One row: what tells this database from a copy of it, as a keyed hash.
CREATE TABLE install (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    print BLOB NOT NULL
) STRICT;

DROP VIEW delivery;

-- How far each revision of this device has come: 0 only here, 1 signed for, 2 held off the server's machine as well. A
-- revision logged again after a fork counts by its furthest entry.
CREATE VIEW delivery AS
SELECT v.record_id, l.rev_id,
       max(CASE WHEN l.n <= p.durable_n THEN 2 WHEN l.n <= p.acked_n THEN 1 ELSE 0 END) AS far
  FROM rlog l
  JOIN replica p ON p.replica_id = l.replica_id
  JOIN revision v ON v.rev_id = l.rev_id
 GROUP BY v.record_id, l.rev_id
UNION ALL
SELECT v.record_id, s.rev_id, 2
  FROM shed s
  JOIN revision v ON v.rev_id = s.rev_id
 WHERE NOT EXISTS (SELECT 1 FROM rlog l WHERE l.rev_id = s.rev_id);

-- Records with a revision of this device that is not held off the server's machine.
CREATE VIEW undurable_record AS
SELECT DISTINCT v.record_id
  FROM replica p
  JOIN rlog l ON l.replica_id = p.replica_id AND l.n > p.durable_n
  JOIN revision v ON v.rev_id = l.rev_id
 WHERE NOT EXISTS (
       SELECT 1 FROM rlog a JOIN replica q ON q.replica_id = a.replica_id
        WHERE a.rev_id = l.rev_id AND a.n <= q.durable_n);
