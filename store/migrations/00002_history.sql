-- +goose Up
-- Whose draft it is: a keyed hash of the person who unlocked the device, whose key seals facts, snapshots and journal.
-- NULL where nobody has a PIN, and then the data key does.
ALTER TABLE draft ADD COLUMN owner BLOB;

-- The step a journal line was written after; NULL for the one before. A line written after an undo follows the line
-- that was gone back to, so no line is ever taken back out of the journal.
ALTER TABLE draft_step ADD COLUMN follows INTEGER;

-- Where a draft stands that is not at the end of its journal: after the step head, since an undo at moved.
CREATE TABLE draft_place (
    draft_id BLOB PRIMARY KEY REFERENCES draft (draft_id) ON DELETE CASCADE,
    head     INTEGER NOT NULL,
    moved    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Earlier snapshots of drafts, from which what stood there at some time is built again.
CREATE TABLE draft_state (
    draft_id     BLOB    NOT NULL REFERENCES draft (draft_id) ON DELETE CASCADE,
    step         INTEGER NOT NULL,
    state_sealed BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (draft_id, step)
) STRICT, WITHOUT ROWID;

-- One row: what was saved out of a damaged database, until the person has seen it.
CREATE TABLE salvage (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    report_sealed BLOB NOT NULL
) STRICT;
