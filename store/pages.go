package store

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
)

// A damaged database is read without SQLite, page by page: one bad page near the root of a table hides the whole table
// from SQL, but the pages below are whole. What is read here is SQLite's file format 3
// (https://www.sqlite.org/fileformat2.html) as far as rows need it: leaves of tables, all pages of tables without rowid,
// overflow chains, the freelist, and committed frames of the log.

const (
	pageSize       = 4096 // what SQLite gives a new database; ours never ask for another
	maxPayload     = 64 << 20
	tableLeaf      = 0x0d
	indexLeaf      = 0x0a
	indexInterior  = 0x02
	walHeaderSize  = 32
	walFrameHeader = 24
)

// looseRow is one row as it lies in a page: integers, blobs, texts and nils, of whichever table.
type looseRow struct {
	keyed  bool // it lies in a table without rowid, or in an index
	values []any
}

// pageFile is the pages of a database, the log applied.
type pageFile struct {
	file   *os.File
	log    *os.File // nil where there is none
	inLog  map[uint32]int64
	count  uint32
	unused map[uint32]bool
}

// openPages opens the files of a database for reading their pages.
func openPages(path string) (*pageFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pageFile{file: file, inLog: map[uint32]int64{}, unused: map[uint32]bool{}}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.count = uint32(info.Size() / pageSize)
	if p.log, err = os.Open(path + "-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, p.close())
	}
	if p.log != nil {
		p.readLog()
	}
	p.readFreelist()
	return p, nil
}

func (p *pageFile) close() error {
	err := p.file.Close()
	if p.log != nil {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// readLog notes where the log has the latest committed frame of each page.
func (p *pageFile) readLog() {
	header := make([]byte, walHeaderSize)
	if _, err := p.log.ReadAt(header, 0); err != nil {
		return
	}
	salts := string(header[16:24])
	pending := map[uint32]int64{}
	frame := make([]byte, walFrameHeader)
	for at := int64(walHeaderSize); ; at += walFrameHeader + pageSize {
		if _, err := p.log.ReadAt(frame, at); err != nil || string(frame[8:16]) != salts {
			return
		}
		pending[binary.BigEndian.Uint32(frame)] = at + walFrameHeader
		if size := binary.BigEndian.Uint32(frame[4:]); size > 0 { // a commit
			maps.Copy(p.inLog, pending)
			clear(pending)
			p.count = max(p.count, size)
		}
	}
}

// readFreelist notes the pages that hold nothing any more, as far as the list can be followed.
func (p *pageFile) readFreelist() {
	first := p.page(1)
	if first == nil {
		return
	}
	for trunk := binary.BigEndian.Uint32(first[32:]); trunk != 0 && !p.unused[trunk]; {
		page := p.page(trunk)
		if page == nil {
			return
		}
		p.unused[trunk] = true
		leaves := min(binary.BigEndian.Uint32(page[4:]), pageSize/4-2)
		for i := range leaves {
			p.unused[binary.BigEndian.Uint32(page[8+4*i:])] = true
		}
		trunk = binary.BigEndian.Uint32(page)
	}
}

// page returns a page, or nil where there is none.
func (p *pageFile) page(number uint32) []byte {
	page := make([]byte, pageSize)
	var err error
	switch at, ok := p.inLog[number]; {
	case ok:
		_, err = p.log.ReadAt(page, at)
	case number == 0:
		return nil
	default:
		_, err = p.file.ReadAt(page, int64(number-1)*pageSize)
	}
	if err != nil && !errors.Is(err, io.EOF) || number > p.count {
		return nil
	}
	return page
}

// rows calls use for every row that can be made out.
func (p *pageFile) rows(use func(looseRow)) {
	for number := uint32(1); number <= p.count; number++ {
		if page := p.page(number); page != nil && !p.unused[number] {
			p.rowsOf(page, number == 1, use)
		}
	}
}

func (p *pageFile) rowsOf(page []byte, first bool, use func(looseRow)) {
	head := 0
	if first {
		head = 100
	}
	kind, pointers := page[head], head+8
	switch kind {
	case tableLeaf, indexLeaf:
	case indexInterior:
		pointers = head + 12
	default:
		return
	}
	cells := int(binary.BigEndian.Uint16(page[head+3:]))
	for i := range min(cells, (pageSize-pointers)/2) {
		at := int(binary.BigEndian.Uint16(page[pointers+2*i:]))
		if values := decodeRow(p.payload(page, at, kind)); values != nil {
			use(looseRow{keyed: kind != tableLeaf, values: values})
		}
	}
}

// payload returns the record of a cell, its overflow included, or nil.
func (p *pageFile) payload(page []byte, at int, kind byte) []byte {
	if kind == indexInterior {
		at += 4
	}
	size, at := varint(page, at)
	if kind == tableLeaf {
		_, at = varint(page, at)
	}
	if at < 0 || size > maxPayload {
		return nil
	}
	local, chain := localPart(int(size), kind)
	if at+local > len(page) {
		return nil
	}
	payload := append(make([]byte, 0, size), page[at:at+local]...)
	if !chain {
		return payload
	}
	if at+local+4 > len(page) {
		return nil
	}
	next := binary.BigEndian.Uint32(page[at+local:])
	for len(payload) < int(size) {
		more := p.page(next)
		if more == nil {
			return nil
		}
		next = binary.BigEndian.Uint32(more)
		payload = append(payload, more[4:min(pageSize, 4+int(size)-len(payload))]...)
	}
	return payload
}

// localPart returns how much of a payload lies in the page itself, and whether the rest lies in a chain of others.
func localPart(size int, kind byte) (local int, chain bool) {
	most := pageSize - 35
	if kind != tableLeaf {
		most = (pageSize-12)*64/255 - 23
	}
	if size <= most {
		return size, false
	}
	least := (pageSize-12)*32/255 - 23
	if local = least + (size-least)%(pageSize-4); local > most {
		local = least
	}
	return local, true
}

// varint reads SQLite's integer of one to nine bytes, and returns where it ends: -1 where it does not.
func varint(data []byte, at int) (uint64, int) {
	var value uint64
	for i := range 9 {
		if at < 0 || at+i >= len(data) {
			return 0, -1
		}
		b := data[at+i]
		if i == 8 {
			return value<<8 | uint64(b), at + 9
		}
		value = value<<7 | uint64(b&0x7f)
		if b < 0x80 {
			return value, at + i + 1
		}
	}
	return 0, -1
}

// decodeRow returns the values of a record, or nil where it is none.
func decodeRow(record []byte) []any {
	headSize, at := varint(record, 0)
	if at < 0 || headSize > uint64(len(record)) {
		return nil
	}
	body := int(headSize)
	var values []any
	for at < int(headSize) {
		var kind uint64
		if kind, at = varint(record, at); at < 0 {
			return nil
		}
		size := sizeOf(kind)
		if size < 0 || body+size > len(record) {
			return nil
		}
		values = append(values, valueOf(kind, record[body:body+size]))
		body += size
	}
	return values
}

// sizeOf returns how many bytes a value of a serial type takes, or -1.
func sizeOf(kind uint64) int {
	switch {
	case kind >= 12 && kind < maxPayload:
		return int(kind-12) / 2
	case kind < 10:
		return [...]int{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}[kind]
	}
	return -1
}

func valueOf(kind uint64, data []byte) any {
	switch {
	case kind == 0:
		return nil
	case kind == 8 || kind == 9:
		return int64(kind - 8)
	case kind >= 12 && kind%2 == 0:
		return data
	case kind >= 12:
		return string(data)
	}
	var value int64
	if len(data) > 0 && data[0] >= 0x80 {
		value = -1
	}
	for _, b := range data {
		value = value<<8 | int64(b)
	}
	return value
}
