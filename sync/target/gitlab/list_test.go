package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// fill puts variables into the project, in two scopes by turns.
func fill(t *testing.T, lab *lab, n int) {
	t.Helper()
	for i := range n {
		v := emulator.Variable{Key: fmt.Sprintf("NAME_%d", i), Scope: []string{"prod", "dev"}[i%2], Value: "a value"}
		if err := lab.SetVariable(emulator.InProject(project), v); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBudget counts what a run costs: a page of 100 is a request, for all
// scopes together, and a write is one more.
func TestBudget(t *testing.T) {
	for n, pages := range map[int]int{0: 1, 99: 1, 100: 1, 101: 2, 250: 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			lab := emulate(t)
			fill(t, lab, n)
			target := openAt(t, lab.URL, gitlab.Options{})
			var found, elsewhere int
			for _, scope := range []store.Scope{"project:prod", "project:dev", "project:none"} {
				listing := mustList(t, target, scope)
				found += len(listing.Items)
				elsewhere += len(listing.Elsewhere)
				if listing.At.IsZero() {
					t.Error("it is not said when it was listed")
				}
			}
			if found != n || elsewhere != 2*n {
				t.Errorf("found %d, and %d elsewhere", found, elsewhere)
			}
			if requests, writes := target.Requests(); requests != pages || writes != 0 {
				t.Errorf("a run that does nothing took %d requests, %d of them writes", requests, writes)
			}
			for i := range 3 {
				mustPut(t, target, placement("project:prod", fmt.Sprintf("NAME_%d", 2*i), "new value", nil))
			}
			if requests, writes := target.Requests(); requests != pages+3 || writes != 3 {
				t.Errorf("three changes took %d requests, %d of them writes", requests-pages, writes)
			}
		})
	}
}

// TestListAgain: who asks a second time, or after a write, wants to know what
// there is now.
func TestListAgain(t *testing.T) {
	lab := emulate(t)
	target := openAt(t, lab.URL, gitlab.Options{})
	want := func(requests int, after string) {
		t.Helper()
		if got := lab.asked("GET"); got != requests {
			t.Errorf("%d listings after %s, want %d", got, after, requests)
		}
	}
	mustList(t, target, "project:prod")
	mustList(t, target, "project:dev")
	want(1, "one for each scope")
	mustList(t, target, "project:prod")
	mustList(t, target, "project:dev")
	want(2, "a second for each")
	mustPut(t, target, placement("project:test", "NAME", "value", nil))
	if listing := mustList(t, target, "project:test"); len(listing.Items) != 1 {
		t.Error("a listing does not show what was written before")
	}
	want(3, "a write")
	if err := target.Delete(t.Context(), "project:test", store.Secret, "NAME"); err != nil {
		t.Fatal(err)
	}
	if listing := mustList(t, target, "project:prod"); len(listing.Elsewhere) != 0 {
		t.Error("a listing shows what was deleted before")
	}
	want(4, "a deletion")
	if listing, err := target.List(t.Context(), "project:prod", []store.Kind{store.Variable}); err != nil || len(listing.Items)+len(listing.Elsewhere) > 0 {
		t.Errorf("plain variables: %+v, %v", listing, err)
	}
	want(4, "a listing of another kind")
	lab.Inject(emulator.Fault{Times: 1, Effect: emulator.Refuse(403)})
	if _, err := target.List(t.Context(), "project:dev", secrets); err != nil {
		t.Error("the fourth listing was not shared: ", err)
	}
	if _, err := target.List(t.Context(), "project:dev", secrets); !errors.Is(err, store.ErrDenied) {
		t.Error(err)
	}
	mustList(t, target, "project:other") // one that failed is not shared
}

// TestListTogether: those who ask at the same time wait for one listing, and
// the end of one's context is not the end of the others'.
func TestListTogether(t *testing.T) {
	lab := emulate(t)
	fill(t, lab, 150)
	first, wait := make(chan struct{}), make(chan struct{})
	var once sync.Once
	lab.After(func(int, string, string) { once.Do(func() { close(first); <-wait }) })
	target := openAt(t, lab.URL, gitlab.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	errs := make([]error, 10)
	var group, impatient sync.WaitGroup
	impatient.Go(func() { _, errs[0] = target.List(ctx, "project:0", secrets) })
	<-first
	for i := 1; i < len(errs); i++ {
		group.Go(func() {
			_, errs[i] = target.List(t.Context(), store.Scope(fmt.Sprintf("project:%d", i)), secrets)
		})
	}
	// There is no seeing from outside who has begun to wait; that they do
	// changes the number of listings, and no result.
	time.Sleep(10 * time.Millisecond)
	cancel()
	impatient.Wait()
	close(wait)
	group.Wait()
	if !errors.Is(errs[0], context.Canceled) {
		t.Errorf("who waits no longer got %v", errs[0])
	}
	if err := errors.Join(errs[1:]...); err != nil {
		t.Error(err)
	}
	if n := lab.asked("GET"); n > 4 {
		t.Errorf("%d requests for two pages", n)
	}
}

// TestNobodyWaits: a listing that nobody waits for ends, and is not given out.
func TestNobodyWaits(t *testing.T) {
	lab := emulate(t)
	fill(t, lab, 3)
	lab.Inject(emulator.Fault{Times: 1, Effect: emulator.Hang()})
	target := openAt(t, lab.URL, gitlab.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := target.List(ctx, "project:prod", secrets); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if listing := mustList(t, target, "project:dev"); len(listing.Items) != 1 {
		t.Errorf("%+v", listing)
	}
}

// TestItems: every field, as GitLab gives it, and as older versions do.
func TestItems(t *testing.T) {
	items := []string{
		`{"variable_type":"env_var","key":"ALL","value":"","protected":true,"masked":false,"hidden":false,"raw":true,"environment_scope":"prod","description":"words ` + aNote("note") + `"}`,
		`{"variable_type":"file","key":"HIDDEN","value":null,"protected":false,"masked":true,"hidden":true,"raw":false,"environment_scope":"prod","description":null}`,
		`{"key":"OLD","value":"a value","environment_scope":"prod"}`,
		`{"key":"NULL","value":null,"environment_scope":"prod"}`,
		`{"key":"OLD","value":"a value","environment_scope":"*"}`,
	}
	s := newServer(t, map[string][]reply{list: {{status: 200, body: "[" + strings.Join(items, ",") + "]"}}})
	listing := mustList(t, s.open(t, gitlab.Options{}), prod)
	type item struct {
		name, value, note string
		readable          bool
		fixed             []string
		attributes        store.Attributes
	}
	want := []item{
		{"ALL", "", aNote("note"), true, []string{"hidden"}, store.Attributes{"file": "false", "protected": "true", "masked": "false", "hidden": "false", "raw": "true", "description": "words"}},
		{"HIDDEN", "", "", false, []string{"hidden", "masked"}, store.Attributes{"file": "true", "protected": "false", "masked": "true", "hidden": "true", "raw": "false", "description": ""}},
		{"OLD", "a value", "", true, []string{"hidden"}, store.Attributes{"hidden": "false", "description": ""}},
		{"NULL", "", "", false, []string{"hidden"}, store.Attributes{"hidden": "false", "description": ""}},
	}
	var got []item
	for _, i := range listing.Items {
		got = append(got, item{i.Name, string(i.Value.Reveal()), i.Note, i.Readable, i.Fixed, i.Attributes})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
	if !slices.Equal(listing.Elsewhere, []store.Neighbour{{Scope: "project:*", Kind: store.Secret, Name: "OLD"}}) {
		t.Errorf("elsewhere: %v", listing.Elsewhere)
	}
}

// TestPagesWithoutHeaders: a proxy may take off what it does not know. A full
// page is then followed by another.
func TestPagesWithoutHeaders(t *testing.T) {
	page := func(from, n int) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(`{"key":"NAME_%d","value":"x","environment_scope":"prod"}`, from+i))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	for last := range 2 {
		s := newServer(t, map[string][]reply{
			list: {{status: 200, body: page(0, 100)}},
			"GET " + base + "/variables?page=2&per_page=100": {{status: 200, body: page(100, last)}},
		})
		if got := mustList(t, s.open(t, gitlab.Options{}), prod); len(got.Items) != 100+last || len(s.calls()) != 2 {
			t.Errorf("%d items of %d, in %q", len(got.Items), 100+last, s.calls())
		}
	}
}

// panicking is a transport with a defect.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("a value, say") }

// TestListPanics: a listing is read in a goroutine of its own, whose panic
// nobody above could catch.
func TestListPanics(t *testing.T) {
	target := openAt(t, "https://gitlab.example.com", gitlab.Options{Next: panicking{}})
	_, err := target.List(t.Context(), "project:prod", secrets)
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "internal error") || strings.Contains(err.Error(), "a value") {
		t.Errorf("got %v", err)
	}
}
