package central

import (
	"context"
	"database/sql"

	"zoucun/internal/migrate"
)

// querier is a transaction, as those see it who only speak SQL to it.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// prepared is a transaction that prepares each statement once. A push runs the same ten statements for each of its
// entries, and SQLite takes longer to prepare one than to run it.
type prepared struct {
	*sql.Tx
	statements map[string]*sql.Stmt
}

// forMany returns tx in the form in which many like statements cost least. The driver of PostgreSQL remembers prepared
// statements by itself.
func (c *Central) forMany(tx *sql.Tx) querier {
	if c.engine == migrate.Postgres {
		return tx
	}
	return &prepared{Tx: tx, statements: map[string]*sql.Stmt{}}
}

// ExecContext implements querier.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // closed by the end of the transaction
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements querier.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // closed by the end of the transaction
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements querier.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // closed by the end of the transaction
	if err != nil {
		return p.Tx.QueryRowContext(ctx, query, args...) // fails in the same way, and a Row can say so
	}
	return s.QueryRowContext(ctx, args...)
}

// statement is closed by the end of the transaction.
func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.statements[query]; ok {
		return s, nil
	}
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.statements[query] = s
	return s, nil
}

// column returns the only column of a query.
func column[T any](ctx context.Context, tx querier, query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var one T
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}
