package sim

import (
	"context"
	"path/filepath"
	"strconv"
)

// backup copies the database and then says that what is in the copy is held off the server's machine too.
func (o *office) backup(ctx context.Context) {
	marks, err := o.central.Watermarks(ctx)
	if o.w.restores && err == nil {
		copied := filepath.Join(o.w.dir, "backup-"+strconv.Itoa(o.w.steps))
		if err = copyFolder(o.dir, copied); err == nil {
			o.copied = copied
		}
	}
	if err == nil {
		err = o.central.MarkDurable(ctx, marks)
	}
	o.w.note("backup: %s", outcome(err))
	o.pending = false
}

// restore puts the database back to the last backup, as zouctl restore does, or as somebody does who copies files and
// tells nobody: then the fence tells, which was moved some seconds ago.
func (o *office) restore(ctx context.Context, told bool) {
	if o.copied == "" {
		return
	}
	o.left[o.central.Epoch()] = true
	if err := o.fence().Check(ctx); err != nil {
		o.w.note("fence: %s", outcome(err))
	}
	o.restart(ctx, func(to string) error { return copyFolder(o.copied, to) })
	o.left[o.central.Epoch()] = true
	if !told {
		return
	}
	_, err := o.central.BeginEpoch(ctx)
	o.w.note("restore: %s", outcome(err))
}
