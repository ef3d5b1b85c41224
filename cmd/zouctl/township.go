package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	"zoucun/internal/township"
)

func townshipGenerate(flags *flag.FlagSet) action {
	out := flags.String("out", "", "写到哪个 .xlsx 文件，也可以直接写在后面")
	seed := flags.Uint64("seed", 1, "种子；同一种子生成同一个乡镇")
	households := flags.Int("households", township.Households, "户数")
	return func(_ context.Context, s *session, args []string) error {
		path := cmp.Or(*out, strings.Join(args, ""))
		if path == "" || *out != "" && len(args) > 0 {
			return &hintError{&usageError{"请写明文件，只写一处。"}, "zouctl township generate 花名册.xlsx"}
		}
		if *households < 1 || *households > mostHouseholds {
			return &usageError{fmt.Sprintf("户数要在 1 和 %d 之间。", mostHouseholds)}
		}
		town := township.New(*seed, *households)
		if err := writeFile(path, town.Write); err != nil {
			return err
		}
		return s.printf("%s：%d 个村，%d 户，%d 名工作人员；另有 %d 行是有意写错的。人名、电话均为虚构。\n",
			town.Name, len(town.Villages), *households, len(town.Staff), len(town.Rows)-*households)
	}
}

// mostHouseholds is as many as one roster may have rows.
const mostHouseholds = 190_000
