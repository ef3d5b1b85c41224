// Package store keeps what a device knows in one SQLite database: drafts and their
// journals, the revisions of records, this device's own numbered log of them, and how
// far the server has signed for that log.
//
// # Guarantees
//
// What a call has returned from is on disk and survives a killed process or a flat
// battery. Finishing a visit is one transaction. Only a signed receipt moves the
// watermark of what the server holds, and nothing is thrown away before that.
//
// # Layout of the folder
//
//	zoucun.db    the database (WAL); every column that could tell about a person is sealed
//	zoucun.key   the data key while nobody has a PIN (see [Keys])
//	zoucun.slots for each person, the keys wrapped under their PIN and for the township
//	blobs/       attachments, sealed in chunks, named by the hash of their plain bytes
//	lock         held while the app is open, so a second copy cannot write here
//	damaged-…/   a damaged database, kept when what could be read was salvaged
//
// In clear stand only opaque identifiers, scopes, sequence numbers and times. The index
// of households that lists and searches use lives in memory.
//
// The package opens no connection, knows no screen and never asks what time it is.
package store
