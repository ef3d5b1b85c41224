-- +goose Up
-- What the township decides by. All of it is derived from revisions.

-- Records that edits made apart have left with several heads, whether or not they agree.
CREATE TABLE parted (
    record_id BLOB PRIMARY KEY REFERENCES record (record_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO parted SELECT h.record_id FROM record_head h JOIN record r ON r.record_id = h.record_id
 GROUP BY h.record_id HAVING count(*) > 1;

-- Revisions by which somebody has decided something: merges, links, and what took a record out of use against an edit.
CREATE TABLE decision (
    rev_id BLOB PRIMARY KEY REFERENCES revision (rev_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The words on pairs of records that hold. kept_id is the one of the two that goes on; NULL where they are not the same.
CREATE TABLE link (
    record_id BLOB PRIMARY KEY REFERENCES record (record_id) ON DELETE CASCADE, -- the link's own record
    first_id  BLOB NOT NULL CHECK (length(first_id) = 16),
    last_id   BLOB NOT NULL CHECK (length(last_id) = 16),
    kept_id   BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX link_by_first ON link (first_id);
CREATE INDEX link_by_last ON link (last_id);

-- The records that count as another, whose own name no list shows.
CREATE TABLE joined (
    record_id BLOB PRIMARY KEY CHECK (length(record_id) = 16),
    kept_id   BLOB NOT NULL CHECK (length(kept_id) = 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX joined_by_kept ON joined (kept_id);

-- Tasks that still wait for something.
CREATE TABLE waiting (
    record_id BLOB PRIMARY KEY REFERENCES record (record_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
