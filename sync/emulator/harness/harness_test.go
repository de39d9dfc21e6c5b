package harness_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// echo is an API that answers with what it was asked.
func echo(x *harness.Exchange) {
	x.Header().Set("X-Path", x.Request.URL.EscapedPath())
	x.Header().Set("X-Base", x.Base)
	x.WriteHeader(http.StatusCreated)
	_, _ = x.Write(x.Body) // it goes to a buffer
}

// serve runs h over echo, and returns its URL.
func serve(t *testing.T, h *harness.Harness) string {
	t.Helper()
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Serve(w, r, echo) }))
	t.Cleanup(listening.Close)
	return listening.URL
}

// post sends a body and returns the answer, read.
func post(t *testing.T, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestPrefix(t *testing.T) {
	for _, test := range []struct{ prefix, sent, path, base string }{
		{"/api/v4", "/api/v4/projects/a%2Fb?x=1", "/projects/a%2Fb", "/api/v4"},
		{"/api/v4", "/api/v4", "/api/v4", ""},
		{"/api/v4", "/api/v44/x", "/api/v44/x", ""},
		{"/api/v4", "/other/x", "/other/x", ""},
		{"", "/x/y", "/x/y", ""},
	} {
		h := harness.New(nil, 0, test.prefix)
		url := serve(t, h)
		response, text := post(t, url+test.sent, strings.NewReader("body"))
		if response.StatusCode != 201 || text != "body" || response.Header.Get("X-Path") != test.path || response.Header.Get("X-Base") != url+test.base {
			t.Errorf("%+v: %d %q %v", test, response.StatusCode, text, response.Header)
		}
		_, query, _ := strings.Cut(test.sent, "?")
		want := []harness.Request{{Method: "POST", Path: test.path, Query: query, Status: 201}}
		if log := h.Requests(); !slices.Equal(log, want) {
			t.Errorf("%+v: log %+v", test, log)
		}
	}
}

func TestTooLargeARequest(t *testing.T) {
	h := harness.New(nil, 0, "")
	response, _ := post(t, serve(t, h), bytes.NewReader(make([]byte, 16<<20+1)))
	if response.StatusCode != http.StatusRequestEntityTooLarge || len(h.Requests()) != 0 {
		t.Errorf("%d, log %+v", response.StatusCode, h.Requests())
	}
}

// TestFaultsInTurn: the first fault that is for a request happens, alone, as
// often as it says.
func TestFaultsInTurn(t *testing.T) {
	h := harness.New(nil, 0, "")
	status := func(code int) harness.Effect {
		return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) { a.WriteHeader(code) })
	}
	h.Inject(harness.Fault{When: harness.Nth(2), Effect: status(502)})
	h.Inject(harness.Fault{When: harness.On("POST", "/x"), Times: 2, Effect: status(503)})
	url := serve(t, h)
	var got []int
	for range 4 {
		response, _ := post(t, url+"/x", nil)
		got = append(got, response.StatusCode)
	}
	if want := []int{503, 502, 503, 201}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	h.Inject(harness.Fault{Effect: status(500)})
	h.ClearFaults()
	if response, _ := post(t, url, nil); response.StatusCode != 201 {
		t.Errorf("a cleared fault: %d", response.StatusCode)
	}
}

func TestFaultsAreTold(t *testing.T) {
	h := harness.New(nil, 0, "")
	h.Inject(harness.Fault{Times: 1, Effect: harness.Change(func(a *harness.Answer) { a.Text("text/plain", "changed") })})
	for _, want := range []string{"1 changed", "0 "} {
		told := 0
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request = request.WithContext(harness.NotifyFault(request.Context(), func() { told++ }))
		recorded := httptest.NewRecorder()
		h.Serve(recorded, request, echo)
		if got := fmt.Sprint(told, " ", recorded.Body); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestClock(t *testing.T) {
	var clock harness.Clock
	before := time.Now()
	clock.Advance(time.Hour)
	if got := clock.Now(); got.Before(before.Add(time.Hour)) || got.After(time.Now().Add(time.Hour)) {
		t.Errorf("a running clock, an hour on: %v", got)
	}
	at := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	clock.Set(at)
	clock.Advance(time.Minute)
	if got := clock.Now(); !got.Equal(at.Add(time.Minute)) {
		t.Errorf("a clock that stands, a minute on: %v", got)
	}
	if harness.New(&clock, 0, "").Clock() != &clock || harness.New(nil, 0, "").Clock() == nil {
		t.Error("not the clock that was given, or none")
	}
}

func TestSent(t *testing.T) {
	request := httptest.NewRequest(http.MethodPut, "/x?y=z", nil)
	request.Header.Set("Private-Token", "the token")
	got := harness.Sent(request, []byte("the body"))
	for _, part := range []string{"PUT /x?y=z", "Private-Token: the token", "the body"} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in %q", part, got)
		}
	}
}
