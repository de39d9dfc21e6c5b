package gcp

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// resource is the path of a request to Secret Manager.
var resource = regexp.MustCompile(`^/v1/(?P<parent>projects/[^/]+(?:/locations/[^/]+)?)/secrets(?:/(?P<secret>[^/:]+)(?P<versions>/versions(?:/(?P<version>[^/:]+))?)?(?P<verb>:[a-z]+)?)?$`)

// A question is a request to Secret Manager.
type question struct {
	server  *Server
	caller  *token
	query   url.Values
	parent  string // projects/P, or projects/P/locations/L
	secret  string // its name in full
	version string
}

// manager answers a request to Secret Manager.
func (s *Server) manager(x *harness.Exchange) (any, error) {
	caller, err := s.caller(x.Request)
	if err != nil {
		return nil, err
	}
	parts := resource.FindStringSubmatch(x.Request.URL.Path)
	if parts == nil || x.Request.Method != http.MethodGet {
		return nil, noMethod()
	}
	q := question{server: s, caller: caller, query: x.Request.URL.Query(), parent: parts[1], version: parts[4]}
	if parts[2] != "" {
		q.secret = q.parent + "/secrets/" + parts[2]
	}
	switch verb, hasVersions := parts[5], parts[3] != ""; {
	case q.version != "" && verb == ":access":
		return q.access()
	case verb != "":
		return nil, noMethod()
	case q.version != "":
		return q.getVersion()
	case hasVersions:
		return q.listVersions()
	case q.secret != "":
		return q.get()
	}
	return q.list()
}

// find finds the secret that is asked for, if the caller has the permission
// there; who has it nowhere is not told whether it is there.
func (q question) find(permission string) (*secret, error) {
	if !q.server.may(q.caller, permission, q.secret) {
		return nil, denied(permission, q.name())
	}
	held := q.server.secrets[q.secret]
	if held == nil {
		return nil, refusal(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Secret [%s] not found or has no versions.", q.secret))
	}
	return held, nil
}

func (q question) name() string {
	if q.version == "" {
		return q.secret
	}
	return q.secret + "/versions/" + q.version
}

// findVersion finds the version that is asked for.
func (q question) findVersion(permission string) (*secret, int, error) {
	held, err := q.find(permission)
	if err != nil {
		return nil, 0, err
	}
	number, there := held.number(q.version)
	if !there {
		return nil, 0, refusal(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Secret Version [%s] not found.", q.name()))
	}
	return held, number, nil
}

func (q question) access() (any, error) {
	held, number, err := q.findVersion("secretmanager.versions.access")
	if err != nil {
		return nil, err
	}
	v := held.versions[number-1]
	name := fmt.Sprintf("%s/versions/%d", held.name, number)
	if v.state != Enabled {
		return nil, refusal(http.StatusBadRequest, "FAILED_PRECONDITION", fmt.Sprintf("Secret Version [%s] is in %s state.", name, v.state))
	}
	payload := map[string]any{"dataCrc32c": strconv.FormatUint(uint64(crc32.Checksum(v.data, crc32.MakeTable(crc32.Castagnoli))), 10)}
	if len(v.data) > 0 {
		payload["data"] = v.data // as JSON, base64
	}
	return map[string]any{"name": name, "payload": payload}, nil
}

func (q question) getVersion() (any, error) {
	held, number, err := q.findVersion("secretmanager.versions.get")
	if err != nil {
		return nil, err
	}
	return held.versionJSON(number, q.numbers()), nil
}

// numbers tells whether enumerations are wanted as numbers.
// https://cloud.google.com/apis/docs/system-parameters
func (q question) numbers() bool {
	return strings.Contains(q.query.Get("$alt"), "enum-encoding=int")
}

func (q question) get() (any, error) {
	held, err := q.find("secretmanager.secrets.get")
	if err != nil {
		return nil, err
	}
	return held.json(), nil
}

// listVersions gives the newest first.
func (q question) listVersions() (any, error) {
	held, err := q.find("secretmanager.versions.list")
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for number := len(held.versions); number > 0; number-- {
		all = append(all, held.versionJSON(number, q.numbers()))
	}
	return q.page("versions", all)
}

func (q question) list() (any, error) {
	if !q.server.may(q.caller, "secretmanager.secrets.list", q.parent) {
		return nil, denied("secretmanager.secrets.list", q.parent)
	}
	var all []map[string]any
	for _, held := range q.server.below(q.parent) {
		all = append(all, held.json())
	}
	return q.page("secrets", all)
}

// page cuts a page from a list: pageSize entries, from pageToken on.
func (q question) page(field string, all []map[string]any) (any, error) {
	size, from := 25_000, 0
	var err error
	if text := q.query.Get("pageSize"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 0 {
			return nil, refusal(http.StatusBadRequest, "INVALID_ARGUMENT", "The page size is no number.")
		}
	}
	if text := q.query.Get("pageToken"); text != "" {
		if from, err = strconv.Atoi(text); err != nil || from < 0 || from > len(all) {
			return nil, refusal(http.StatusBadRequest, "INVALID_ARGUMENT", "The page token is not valid.")
		}
	}
	to := min(from+size, len(all))
	said := map[string]any{"totalSize": len(all)}
	if to > from {
		said[field] = all[from:to]
	}
	if to < len(all) {
		said["nextPageToken"] = strconv.Itoa(to)
	}
	return said, nil
}
