package central

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
)

// dump has PostgreSQL's own program write the whole database.
func (c *Central) dump(ctx context.Context, file string) error {
	return postgres(ctx, nil, "pg_dump", c.dsn, "--format=custom", "--no-owner", "--file="+file)
}

// RestoreDump has PostgreSQL's own program read a dump into an empty database.
func RestoreDump(ctx context.Context, file, dsn string) error {
	return fail("central.RestoreDump", postgres(ctx, nil, "pg_restore", dsn, "--no-owner", "--exit-on-error", "--single-transaction", file))
}

// inspectDump reads a dump back, once whole, and then the tables that say what is in it.
func inspectDump(ctx context.Context, file string, county uint32) (survey.Copied, error) {
	held := survey.Copied{County: county, Marks: map[survey.ReplicaID]uint64{}, Files: map[survey.Hash]int64{}}
	if err := postgres(ctx, io.Discard, "pg_restore", "", "--file=-", file); err != nil {
		return held, err
	}
	code := strconv.FormatUint(uint64(county), 10)
	found := false
	err := dumped(ctx, file, "server", func(row map[string]string) error {
		if row["county"] == code {
			found = true
			return unhex(held.Epoch[:], row["epoch"])
		}
		return nil
	})
	err = errors.Join(err, dumped(ctx, file, "replica", func(row map[string]string) error {
		if row["county"] != code {
			return nil
		}
		var id survey.ReplicaID
		n, err := strconv.ParseUint(row["received"], 10, 64)
		err = errors.Join(err, unhex(id[:], row["replica_id"]))
		held.Marks[id] = n
		return err
	}), dumped(ctx, file, "blob_ref", func(row map[string]string) error {
		if row["county"] != code {
			return nil
		}
		var sum survey.Hash
		size, err := strconv.ParseInt(row["size"], 10, 64)
		err = errors.Join(err, unhex(sum[:], row["sha256"]))
		held.Files[sum] = size
		return err
	}))
	if err == nil && !found {
		err = &survey.Error{Kind: survey.Damaged, Op: "central.inspectDump", Message: "备份里没有这个县的数据。"}
	}
	return held, err
}

// dumped calls use for every row of a table in a dump.
func dumped(ctx context.Context, file, table string, use func(row map[string]string) error) error {
	var text bytes.Buffer
	if err := postgres(ctx, &text, "pg_restore", "", "--data-only", "--table="+table, "--file=-", file); err != nil {
		return err
	}
	var columns []string
	lines := bufio.NewScanner(&text)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line := lines.Text()
		_, list, begins := strings.Cut(line, "."+table+" (")
		switch {
		case begins && strings.HasPrefix(line, "COPY "):
			list, _, _ = strings.Cut(list, ")")
			columns = strings.Split(list, ", ")
		case line == `\.`:
			columns = nil
		case columns != nil:
			row := map[string]string{}
			for i, value := range strings.Split(line, "\t") {
				if i < len(columns) {
					row[columns[i]] = value
				}
			}
			if err := use(row); err != nil {
				return damagedDump(err)
			}
		}
	}
	return lines.Err()
}

// unhex reads a BYTEA as a dump writes it.
func unhex(into []byte, text string) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, `\\x`))
	if err == nil && len(raw) != len(into) {
		err = fmt.Errorf("%d bytes where %d are due", len(raw), len(into))
	}
	copy(into, raw)
	return err
}

func damagedDump(err error) error {
	return &survey.Error{Kind: survey.Damaged, Op: "central.inspectDump", Message: "备份里的数据库不完整。", Err: err}
}

// postgres runs one of PostgreSQL's programs. A password goes by the environment, where other users do not see it.
func postgres(ctx context.Context, out io.Writer, program, dsn string, args ...string) error {
	path, err := findProgram(program)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // PostgreSQL's own program
	cmd.Env = os.Environ()
	if dsn != "" {
		address, password, err := withoutPassword(dsn)
		if err != nil {
			return err
		}
		cmd.Args = slices.Insert(cmd.Args, 1, "--dbname="+address)
		cmd.Env = append(cmd.Env, password...)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Run(); err != nil {
		kind, message := survey.Unavailable, "PostgreSQL 的 "+program+" 没有做完。"
		if program == "pg_restore" && dsn == "" {
			kind, message = survey.Damaged, "备份里的数据库不完整。"
		}
		return &survey.Error{Kind: kind, Op: "central." + program, Message: message, Err: fmt.Errorf("%w: %s", err, said.Bytes())}
	}
	return nil
}

// withoutPassword splits the password off an address.
func withoutPassword(dsn string) (address string, environment []string, err error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", nil, err
	}
	if password, ok := u.User.Password(); ok {
		environment = []string{"PGPASSWORD=" + password}
		u.User = url.User(u.User.Username())
	}
	return u.String(), environment, nil
}

// findProgram looks for a program of PostgreSQL, the newest where Debian has put it.
func findProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return "", &survey.Error{
		Kind: survey.NotFound, Op: "central.findProgram", Err: exec.ErrNotFound,
		Message: "这台机器上没有 PostgreSQL 的 " + name + "。请装上它；如果另有办法备份数据库，备份前用 zouctl backup marks 记下位置，备份完并读回核对后用 zouctl backup confirm 确认。",
	}
}
