-- +goose Up
-- What finds visits and problems by their texts at the township: shelves of records, each with what they are called and
-- pages of the grams of what was written in them (internal/grams). All of it is derived and may be emptied at any time;
-- a device that is not the township's never fills it.

-- One row once the index is in use: every visit and problem up to this identifier is on a shelf, or in find_again.
CREATE TABLE find_upto (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    record_id BLOB NOT NULL CHECK (length(record_id) = 16)
) STRICT;

CREATE TABLE find_shelf (
    shelf        INTEGER PRIMARY KEY,
    facts_sealed BLOB NOT NULL -- identifiers, kinds, times and names of its records, and where its pages begin
) STRICT;

CREATE TABLE find_page (
    shelf       INTEGER NOT NULL REFERENCES find_shelf (shelf) ON DELETE CASCADE,
    page        INTEGER NOT NULL,
    page_sealed BLOB    NOT NULL,
    PRIMARY KEY (shelf, page)
) STRICT;

-- Records up to there that have changed since they were put on a shelf. Where gone is 1 the shelf holds something that
-- was erased or withdrawn, and goes as a whole.
CREATE TABLE find_again (
    record_id BLOB PRIMARY KEY CHECK (length(record_id) = 16),
    gone      INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1))
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER find_again_made AFTER INSERT ON record
  WHEN EXISTS (SELECT 1 FROM find_upto u WHERE new.record_id <= u.record_id)
BEGIN
    INSERT INTO find_again (record_id) VALUES (new.record_id) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER find_again_changed AFTER UPDATE ON record
  WHEN EXISTS (SELECT 1 FROM find_upto u WHERE new.record_id <= u.record_id)
BEGIN
    INSERT INTO find_again (record_id) VALUES (new.record_id) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

-- What came in at the township: a row for each day, road, device and person, by keyed hash of the four. Old rows go.
CREATE TABLE arrival (
    arrival_tag    BLOB PRIMARY KEY,
    last           INTEGER NOT NULL, -- when it came last
    arrival_sealed BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX arrival_by_last ON arrival (last);
