package gitlab

import (
	"context"
	"net/http"
)

// read is readAnswer for who needs the variable alone.
func (t *Target) read(ctx context.Context, d *draft) (*variable, error) {
	found, _, err := t.readAnswer(ctx, d)
	return found, err
}

// readAnswer reads one variable, nil where it is not there.
func (t *Target) readAnswer(ctx context.Context, d *draft) (*variable, answer, error) {
	var found variable
	r := request{
		op: "read variable", ref: d.ref, method: http.MethodGet, path: t.variableAt(d.at),
		options: filtered{t.filter(d.at)}, into: &found,
	}
	got, err := t.call(ctx, r)
	switch {
	case got.is(http.StatusNotFound):
		return nil, got, nil
	case err != nil:
		return nil, got, err
	case !found.isWhole(t.level) || found.place(t.level) != d.at:
		return nil, got, r.unreadable()
	}
	return &found, got, nil
}
