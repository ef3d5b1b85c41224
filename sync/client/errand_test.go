package client

import (
	"context"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// A log in memory carries nothing for others; package sync/errand tests what does, over real stores.

func (*memory) KeepErrandKey(context.Context, wire.SignedErrandKey) error { return nil }

func (*memory) Carrying(context.Context) ([]survey.Errand, error) { return nil, nil }

func (*memory) ReadErrand(context.Context, survey.Hash, int64, []byte) (int, error) { return 0, nil }

func (*memory) JudgeErrand(context.Context, wire.ErrandNews) error { return nil }
