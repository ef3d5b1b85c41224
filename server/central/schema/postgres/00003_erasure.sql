-- +goose Up

-- erasure is the Erase revisions that were admitted: what their ancestors said is kept out, also of those that come later.
CREATE TABLE erasure (
  county    BIGINT NOT NULL,
  record_id BYTEA  NOT NULL,
  rev_id    BYTEA  NOT NULL,
  whole     BIGINT NOT NULL, -- 1 where nothing was left of the record
  PRIMARY KEY (county, record_id, rev_id)
);

-- orphan is an attachment that no revision refers to any more, until its bytes are removed.
CREATE TABLE orphan (
  county BIGINT NOT NULL,
  sha256 BYTEA  NOT NULL,
  PRIMARY KEY (county, sha256)
);

CREATE INDEX blob_ref_revision ON blob_ref (county, rev_id);
