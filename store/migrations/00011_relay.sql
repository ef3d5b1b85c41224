-- +goose Up
-- The township's receiving points that this device knows.
CREATE TABLE relay (
    relay_tag    BLOB PRIMARY KEY,
    relay_sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each log has been handed to a receiving point. It only says where a copy is: nothing is pruned for it.
CREATE TABLE relayed (
    replica_id BLOB PRIMARY KEY REFERENCES replica (replica_id),
    n          INTEGER NOT NULL CHECK (n > 0)
) STRICT, WITHOUT ROWID;

-- Records with a revision that neither the server has signed for nor a receiving point holds.
CREATE VIEW unrelayed_record AS
SELECT DISTINCT v.record_id
  FROM replica p
  JOIN rlog l ON l.replica_id = p.replica_id AND l.n > p.acked_n
  JOIN revision v ON v.rev_id = l.rev_id
 WHERE NOT EXISTS (
       SELECT 1 FROM rlog a JOIN replica q ON q.replica_id = a.replica_id LEFT JOIN relayed d ON d.replica_id = a.replica_id
        WHERE a.rev_id = l.rev_id AND a.n <= max(q.acked_n, coalesce(d.n, 0)));
