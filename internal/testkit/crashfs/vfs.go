package crashfs

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite calls a VFS through C function pointers: addresses of Go functions that take no receiver. So what belongs to
// an open file is found by the address SQLite hands us, in these tables.
var (
	disks   sync.Map // address of a registered VFS -> *Disk
	opened  sync.Map // address of an open file -> *handle
	ordinal atomic.Int64

	// registering is held while a disk is added: SQLite links it to the system's own, which every disk begins as.
	registering sync.Mutex
)

// handle is a file SQLite has open.
type handle struct {
	disk    *Disk
	name    string
	methods *sqlite3.Tsqlite3_io_methods // the system's own, to which everything is handed on
}

// New registers a disk with SQLite, under the name VFS returns, until the process ends.
func New() (*Disk, error) {
	registering.Lock()
	defer registering.Unlock()
	tls := libc.NewTLS()
	defer tls.Close()
	system := sqlite3.Xsqlite3_vfs_find(tls, 0)
	d := &Disk{vfs: fmt.Sprintf("crashfs-%d", ordinal.Add(1))}
	name, err := libc.CString(d.vfs)
	if err != nil {
		return nil, fmt.Errorf("crashfs.New: %w", err)
	}
	address := clone(tls, at[sqlite3.Tsqlite3_vfs](system))
	vfs := at[sqlite3.Tsqlite3_vfs](address)
	vfs.FpNext = 0
	vfs.FzName = name
	vfs.FxOpen = pointer(open)
	vfs.FxDelete = pointer(remove)
	disks.Store(address, d)
	if code := sqlite3.Xsqlite3_vfs_register(tls, address, 0); code != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("crashfs.New: SQLite answers %d", code)
	}
	return d, nil
}

// VFS returns the name under which SQLite knows the disk: the parameter vfs of a data source.
func (d *Disk) VFS() string { return d.vfs }

// at returns what lies at an address SQLite gave.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// pointer returns the address by which SQLite can call a Go function.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

// function returns the Go function behind such an address.
func function[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ address uintptr }{address}))
}

// clone copies a structure to where SQLite can see it for good.
func clone[T any](tls *libc.TLS, from *T) uintptr {
	address := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*from)))
	*at[T](address) = *from
	return address
}

// systemVFS returns the VFS ours hands on to.
func systemVFS(tls *libc.TLS) (uintptr, *sqlite3.Tsqlite3_vfs) {
	address := sqlite3.Xsqlite3_vfs_find(tls, 0)
	return address, at[sqlite3.Tsqlite3_vfs](address)
}

// methodTables holds, for each method table of the system, the address of ours.
var methodTables sync.Map

// ours returns the method table that stands before a table of the system.
func ours(tls *libc.TLS, system uintptr) uintptr {
	if known, ok := methodTables.Load(system); ok {
		return known.(uintptr) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	address := clone(tls, at[sqlite3.Tsqlite3_io_methods](system))
	methods := at[sqlite3.Tsqlite3_io_methods](address)
	methods.FxWrite = pointer(writeFile)
	methods.FxSync = pointer(syncFile)
	methods.FxTruncate = pointer(truncateFile)
	methods.FxClose = pointer(closeFile)
	known, _ := methodTables.LoadOrStore(system, address)
	return known.(uintptr) //nolint:errcheck,forcetypeassert // nothing else is stored
}

func diskOf(vfs uintptr) *Disk {
	d, _ := disks.Load(vfs)
	return d.(*Disk) //nolint:errcheck,forcetypeassert // nothing else is stored
}

func handleOf(file uintptr) *handle {
	h, _ := opened.Load(file)
	return h.(*handle) //nolint:errcheck,forcetypeassert // nothing else is stored
}

func open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	address, system := systemVFS(tls)
	type call = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	if code := function[call](system.FxOpen)(tls, address, name, file, flags, out); code != sqlite3.SQLITE_OK {
		return code
	}
	methods := at[uintptr](file)
	h := &handle{disk: diskOf(vfs), methods: at[sqlite3.Tsqlite3_io_methods](*methods)}
	if name != 0 {
		h.name = libc.GoString(name)
	}
	*methods = ours(tls, *methods)
	opened.Store(file, h)
	if flags&sqlite3.SQLITE_OPEN_CREATE != 0 {
		h.disk.note(event{kind: created, name: h.name})
	}
	return sqlite3.SQLITE_OK
}

func remove(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	d, path := diskOf(vfs), libc.GoString(name)
	if how, failed := d.try(); failed {
		return int32(how)
	}
	address, system := systemVFS(tls)
	code := function[func(*libc.TLS, uintptr, uintptr, int32) int32](system.FxDelete)(tls, address, name, 0)
	if code != sqlite3.SQLITE_OK {
		return code
	}
	d.note(event{kind: removed, name: path})
	if syncFolder != 0 {
		d.note(event{kind: folderSynced, name: path})
	}
	return code
}

func writeFile(tls *libc.TLS, file, data uintptr, size int32, off int64) int32 {
	h := handleOf(file)
	if how, failed := h.disk.try(); failed {
		return int32(how)
	}
	type call = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	code := function[call](h.methods.FxWrite)(tls, file, data, size, off)
	if code == sqlite3.SQLITE_OK {
		h.disk.note(event{kind: written, name: h.name, off: off, data: unsafe.Slice(at[byte](data), size)})
	}
	return code
}

func syncFile(_ *libc.TLS, file uintptr, _ int32) int32 {
	h := handleOf(file)
	if how, failed := h.disk.try(); failed {
		return int32(how)
	}
	h.disk.note(event{kind: synced, name: h.name})
	return sqlite3.SQLITE_OK
}

func truncateFile(tls *libc.TLS, file uintptr, size int64) int32 {
	h := handleOf(file)
	if how, failed := h.disk.try(); failed {
		return int32(how)
	}
	code := function[func(*libc.TLS, uintptr, int64) int32](h.methods.FxTruncate)(tls, file, size)
	if code == sqlite3.SQLITE_OK {
		h.disk.note(event{kind: truncated, name: h.name, off: size})
	}
	return code
}

func closeFile(tls *libc.TLS, file uintptr) int32 {
	h := handleOf(file)
	opened.Delete(file)
	return function[func(*libc.TLS, uintptr) int32](h.methods.FxClose)(tls, file)
}
