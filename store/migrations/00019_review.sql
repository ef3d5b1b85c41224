-- +goose Up
-- Where a visit stands between its author and the township, as a keyed hash. A visit nobody has reviewed has no row.
CREATE TABLE review (
    record_id BLOB PRIMARY KEY REFERENCES record (record_id) ON DELETE CASCADE,
    state_tag BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX review_state ON review (state_tag);
