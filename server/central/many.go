package central

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// manyRows is how many rows one statement takes: a statement for each row costs more than the row, and with PostgreSQL a round
// trip.
const manyRows = 50

// insertMany inserts rows. The statement ends where its rows begin, with VALUES.
func insertMany(ctx context.Context, tx querier, statement string, rows [][]any) error {
	for run := range slices.Chunk(rows, manyRows) {
		if _, err := tx.ExecContext(ctx, statement+places(len(run), len(run[0])), slices.Concat(run...)...); err != nil {
			return err
		}
	}
	return nil
}

// behindFirst are the parameters of a list of so many, where another stands before them: ($2, $3).
func behindFirst(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(", $" + strconv.Itoa(i+2))
	}
	return " (" + strings.TrimPrefix(b.String(), ", ") + ")"
}

// places are the parameters of so many rows of so many columns: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString(" (")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}
