-- +goose Up
-- What this device carries for others, by the hash of its file, which lies in the folder errands and only the server can
-- open; turn is the order in which they came. Once the server has said what became of one its file goes, and done says when that was.
CREATE TABLE errand (
    sum           BLOB PRIMARY KEY,
    turn          INTEGER NOT NULL,
    came          INTEGER NOT NULL,
    done          INTEGER NOT NULL DEFAULT 0,
    errand_sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What of this device's own another one carries: of a log up to n, and attachments. It only says where a copy is.
CREATE TABLE entrusted (
    courier BLOB NOT NULL,
    what    BLOB NOT NULL,
    n       INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (courier, what)
) STRICT, WITHOUT ROWID;
