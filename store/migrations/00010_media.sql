-- +goose Up
-- Files that come with forms and are here whole: their bytes lie under blobs/.
CREATE TABLE form_file (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Those that are still coming, piece by piece from the first byte.
CREATE TABLE form_piece (
    sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),
    at           INTEGER NOT NULL,
    length       INTEGER NOT NULL CHECK (length > 0),
    bytes_sealed BLOB    NOT NULL,
    PRIMARY KEY (sha256, at)
) STRICT;

-- Which version of a form a draft was begun with, by keyed hash of both: its files stay while the draft does, whoever
-- has unlocked the device.
CREATE TABLE draft_form (
    draft_id BLOB PRIMARY KEY REFERENCES draft (draft_id) ON DELETE CASCADE,
    form_tag BLOB NOT NULL
) STRICT, WITHOUT ROWID;
