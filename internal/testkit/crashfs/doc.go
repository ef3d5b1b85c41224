// Package crashfs is a disk that loses power, fills up and fails, under a real SQLite and beside it.
//
// A [Disk] is a VFS that hands everything on to the system's own and notes every write, sync, truncation, creation,
// renaming and removal. From what it noted it draws power-cut images: what the disk might hold had the power gone after
// any event. What was synced is there; of everything else each write may be there, may be torn at a sector, or may not
// be there, and of changes to names an unsynced end may be missing. It also fails operations, one or all from one on.
//
// Files written without SQLite take the same road through [Disk.Create], [Disk.Rename], [Disk.Remove] and
// [Disk.SyncFolder].
//
// It never waits for the machine's disk: a sync is noted, not done. It is no model of a disk that changes what was
// synced, nor of one that reorders a name's change before an earlier one; the first is what damage tests are for.
package crashfs
