package centraltest

import (
	"database/sql"
	"strings"
	"testing"

	"zoucun/survey"
)

func TestWhatWasCutIsMissed(t *testing.T) {
	t.Run("SQLite", suite{freshFile}.audited)
	t.Run("PostgreSQL", suite{StartPostgres(t).Database}.audited)
}

// audited takes lines out of the tables as somebody would who wants a look to be forgotten.
func (s suite) audited(t *testing.T) {
	t.Helper()
	for name, cut := range map[string]string{
		"an entry of a log":      "DELETE FROM rlog WHERE n = 2",
		"the end of a log":       "DELETE FROM rlog WHERE n = 3",
		"a revision":             "DELETE FROM revision WHERE rev_id IN (SELECT rev_id FROM rlog WHERE n = 2)",
		"a line of a feed":       "DELETE FROM feed WHERE seq = 2",
		"a line and the head":    "UPDATE scope_head SET seq = seq - 1; DELETE FROM feed WHERE seq = 3",
		"a signature":            "DELETE FROM segment",
		"who was it":             "UPDATE revision SET header = (SELECT header FROM revision r WHERE r.rev_id <> revision.rev_id ORDER BY rev_id LIMIT 1)",
		"one entry for another":  "UPDATE rlog SET rev_id = (SELECT rev_id FROM rlog o WHERE o.n = 1) WHERE n = 2",
		"a changed body":         "UPDATE revision SET body = salt",
		"the count of what came": "UPDATE replica SET received = 2; DELETE FROM rlog WHERE n = 3; DELETE FROM revision WHERE rev_id NOT IN (SELECT rev_id FROM rlog)",
	} {
		t.Run(name, func(t *testing.T) {
			dsn := s.fresh(t)
			c := Open(t, dsn, NewClock().Now)
			scope := village()
			d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
			for range 3 {
				d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeAccess, Scope: scope}, survey.Body{Fields: survey.Access{Reason: "看看"}.Fields()})
			}
			d.Send(t, c, 1)
			wantSound(t, c)
			tamper(t, dsn, cut)
			if audit, err := c.Audit(t.Context()); err != nil || len(audit.Faults) == 0 {
				t.Errorf("nothing was noticed: %+v, %v", audit, err)
			}
		})
	}
}

// tamper runs statements on a database behind the server's back.
func tamper(t *testing.T, dsn, statements string) {
	t.Helper()
	driver := "pgx"
	if !strings.HasPrefix(dsn, "postgres") {
		driver = "sqlite"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for statement := range strings.SplitSeq(statements, ";") {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
