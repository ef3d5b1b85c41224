package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"os"
	"slices"

	"zoucun/server"
	"zoucun/server/central"
	"zoucun/survey"
)

// place says which server's records are meant.
type place struct {
	data   string
	dsn    string
	county uint
}

func (p *place) declare(flags *flag.FlagSet) {
	flags.StringVar(&p.data, "data", p.data, "服务器的数据文件夹")
	flags.StringVar(&p.dsn, "db", p.dsn, "数据库地址，代替数据文件夹里的数据库")
	flags.UintVar(&p.county, "county", p.county, "县级行政区划代码；数据库里只有一个县时不用写")
}

// open opens the records of the server whose data folder was named. A folder without a database begins one: rosters and
// forms may be there before the server has run.
func (s *session) open(ctx context.Context) (*central.Central, error) {
	if s.place.data == "" {
		return nil, &hintError{&usageError{"请写明服务器的数据文件夹。"}, "zouctl -data 文件夹 …"}
	}
	if info, err := os.Stat(s.place.data); err != nil || !info.IsDir() {
		return nil, refuse(survey.NotFound, "open", "没有数据文件夹“"+s.place.data+"”，请检查路径。", err)
	}
	folder, err := server.OpenFolder(s.place.data, s.clock())
	if err != nil {
		return nil, err
	}
	dsn := cmp.Or(s.place.dsn, folder.Database())
	return central.Open(ctx, dsn, central.Options{Key: folder.Key, County: uint32(s.place.county), Clock: s.clock})
}

// withCentral opens the server's records for as long as do runs.
func (s *session) withCentral(ctx context.Context, do func(*central.Central) error) error {
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close())
}

// collect returns the records of a type in a scope.
func collect(ctx context.Context, c *central.Central, q central.Query) ([]survey.Record, error) {
	var found []survey.Record
	err := c.Records(ctx, q, func(record survey.Record) error {
		found = append(found, record)
		return nil
	})
	return found, err
}

// registered returns the county's records of a type that every device may read: places, staff, forms.
func registered(ctx context.Context, c *central.Central, of survey.RecordType) ([]survey.Record, error) {
	return collect(ctx, c, central.Query{Scope: survey.RegisterScope(c.County()), Type: of})
}

// villages returns the villages of the register in their order.
func villages(ctx context.Context, c *central.Central) ([]survey.Place, error) {
	records, err := registered(ctx, c, survey.TypePlace)
	if err != nil {
		return nil, err
	}
	var found []survey.Place
	for _, record := range records {
		if place := survey.PlaceOf(record); place.Parent.IsZero() && !record.Voided {
			found = append(found, place)
		}
	}
	slices.SortStableFunc(found, func(a, b survey.Place) int { return a.Order - b.Order })
	return found, nil
}

// operator is the author of what the server's operator writes: nobody on the staff.
var operator survey.PersonID
