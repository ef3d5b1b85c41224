package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zoucun/survey"
)

// What is handed over over the loopback.
const (
	handedRecords = 5000
	handedPhotos  = 200
	handedPhoto   = 300 << 10
)

// handed is a record as both sides of the comparison read it.
type handed struct {
	Fields survey.Fields `json:"fields"`
	Photo  string        `json:"photo"` // a file, or empty
}

// writeRecords writes records of one to six kilobytes, one a line, and photos for the first of them. It returns the file
// of records and how many bytes of answers there are.
func writeRecords(dir string, records, photos int) (name string, text int, err error) {
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same records each time
	name = filepath.Join(dir, "records.jsonl")
	file, err := os.Create(name)
	if err != nil {
		return "", 0, fmt.Errorf("records: %w", err)
	}
	out := bufio.NewWriter(file)
	lines := json.NewEncoder(out)
	for i := range records {
		record := handed{Fields: answers(random)}
		if i < photos {
			record.Photo = filepath.Join(dir, strconv.Itoa(i)+".jpg")
			err = errors.Join(err, writePhoto(record.Photo, random))
		}
		for path, value := range record.Fields {
			text += len(path) + len(value)
		}
		err = errors.Join(err, lines.Encode(record))
	}
	if err = errors.Join(err, out.Flush(), file.Close()); err != nil {
		return "", 0, fmt.Errorf("records: %w", err)
	}
	return name, text, nil
}

// answers are fields of one to six kilobytes, in characters that repeat as language does.
func answers(random *rand.Rand) survey.Fields {
	said := []rune("路灯坏了晚上出门不方便老人腿脚不好孩子上学要走两里多路水管冬天冻过一次合作医疗报销比例不清楚今年收成一般希望修一修桥")
	fields, words := survey.Fields{}, 1+random.IntN(12)
	for q := range 40 {
		var text strings.Builder
		for range words {
			at := random.IntN(len(said) - 5)
			text.WriteString(string(said[at : at+2+random.IntN(3)]))
		}
		fields[survey.FieldPath("question_"+strconv.Itoa(q))] = text.String()
	}
	return fields
}

// writePhoto writes bytes that cannot be compressed.
func writePhoto(name string, random *rand.Rand) error {
	photo := make([]byte, handedPhoto)
	for k := range photo {
		photo[k] = byte(random.Uint32())
	}
	return os.WriteFile(name, photo, 0o600)
}
