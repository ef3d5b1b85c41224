-- +goose Up
-- Until when each feed that a receiving point handed down is known to say all there is, by the county's clock.
CREATE TABLE handed_down (
    scope_id BLOB PRIMARY KEY CHECK (length(scope_id) = 16),
    epoch    BLOB    NOT NULL CHECK (length(epoch) = 16),
    as_of    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
