-- +goose Up

-- erasure is the Erase revisions that were admitted: what their ancestors said is kept out, also of those that come later.
CREATE TABLE erasure (
  county    INTEGER NOT NULL,
  record_id BLOB    NOT NULL,
  rev_id    BLOB    NOT NULL,
  whole     INTEGER NOT NULL, -- 1 where nothing was left of the record
  PRIMARY KEY (county, record_id, rev_id)
) STRICT;

-- orphan is an attachment that no revision refers to any more, until its bytes are removed.
CREATE TABLE orphan (
  county INTEGER NOT NULL,
  sha256 BLOB    NOT NULL,
  PRIMARY KEY (county, sha256)
) STRICT;

CREATE INDEX blob_ref_revision ON blob_ref (county, rev_id);
