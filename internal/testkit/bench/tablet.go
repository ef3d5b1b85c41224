package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"zoucun/form"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// tablet is a child of this program: a store and its agent, in a process whose memory can be measured. It enrols, finishes
// the records of a file, says "ready", waits for a line, hands over, says how many seconds text and photos took, and waits
// for another line.
func tablet(ctx context.Context, dir, server, code, records string) error {
	s, err := store.Open(ctx, dir, store.Options{Clock: time.Now})
	if err != nil {
		return err
	}
	if _, err := client.Enrol(ctx, s, server, code, client.Options{Clock: time.Now}); err != nil {
		return err
	}
	watch := stopwatch{}
	agent := client.New(s, client.Options{Clock: time.Now, OnProgress: watch.see})
	if _, err := agent.Round(ctx); err != nil {
		return err
	}
	n, photos, err := fill(ctx, s, records)
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	clear(watch)
	if _, err := agent.Round(ctx); err != nil {
		return err
	}
	if k, err := s.Safekeeping(ctx); err != nil || k.Waiting+k.Files > 0 {
		return errors.Join(err, fmt.Errorf("left: %+v", k))
	}
	fmt.Printf("text %d %f\n", n, watch[survey.Fetching].Sub(watch[survey.Sending]).Seconds())
	fmt.Printf("photos %d %f\n", photos, watch[survey.Idle].Sub(watch[survey.Uploading]).Seconds())
	fmt.Println("done")
	lines.Scan()
	return s.Close()
}

// stopwatch notes when each activity began.
type stopwatch map[survey.Activity]time.Time

func (w stopwatch) see(p survey.Progress) {
	if _, begun := w[p.Activity]; !begun {
		w[p.Activity] = time.Now()
	}
}

// fill finishes the records of a file, and returns how many they and their photos are.
func fill(ctx context.Context, s *store.Store, records string) (n, photos int, err error) {
	e, _, err := s.Enrolment(ctx)
	if err != nil {
		return 0, 0, err
	}
	file, err := os.Open(filepath.Clean(records))
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	for lines := json.NewDecoder(file); ; n++ {
		var record handed
		if err := lines.Decode(&record); errors.Is(err, io.EOF) {
			return n, photos, nil
		} else if err != nil {
			return n, photos, err
		}
		if record.Photo != "" {
			photos++
		}
		if err := finish(ctx, s, e.Grant, record); err != nil {
			return n, photos, err
		}
	}
}

func finish(ctx context.Context, s *store.Store, grant survey.Grant, record handed) error {
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: grant.Scopes[0], Author: grant.Person, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: record.Fields}
	if err := s.BeginDraft(ctx, d, nil); err != nil {
		return err
	}
	if record.Photo != "" {
		photo, err := os.ReadFile(record.Photo)
		if err != nil {
			return err
		}
		if err := s.AttachFile(ctx, d.ID, "1.jpg", "image/jpeg", photo); err != nil {
			return err
		}
		sub.Attachments = []string{"1.jpg"}
	}
	return s.FinishVisit(ctx, d, sub)
}
