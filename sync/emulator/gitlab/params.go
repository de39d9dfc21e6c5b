package gitlab

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// params are the parameters of a request: those of its query, and over them
// those of its body, which may be JSON or a form. A value is what JSON has
// (nil, bool, json.Number, string, []any, map[string]any); of a form, strings.
type params map[string]any

// readParams reads the parameters and refuses those that are no text: GitLab
// answers 400 to a NUL or to invalid UTF-8 anywhere in a request, before it
// looks at the token.
func (c *call) readParams() error {
	c.params = params{}
	if !isText(c.request.URL.Path) {
		return malformed()
	}
	query, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return malformed()
	}
	c.params.merge(query)
	if err := c.readBody(); err != nil {
		return err
	}
	if !allText(map[string]any(c.params)) {
		return malformed()
	}
	return nil
}

// readBody adds the parameters of a body. That of a GET has no meaning.
func (c *call) readBody() error {
	if len(c.body) == 0 || c.request.Method == http.MethodGet || c.request.Method == http.MethodHead {
		return nil
	}
	declared := c.request.Header.Get("Content-Type")
	kind, options, err := mime.ParseMediaType(declared)
	switch {
	case declared == "" || err == nil && kind == "application/json":
		return c.readJSON()
	case err == nil && kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return malformed()
		}
		c.params.merge(form)
		return nil
	case err == nil && kind == "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(c.body), options["boundary"]).ReadForm(bodyLimit)
		if err != nil {
			return malformed()
		}
		c.params.merge(form.Value)
		return nil
	}
	return &failure{status: http.StatusUnsupportedMediaType, body: map[string]any{"error": "The provided content-type '" + declared + "' is not supported."}}
}

// bodyLimit is how much of a form is held in memory, in bytes.
const bodyLimit = 16 << 20

func (c *call) readJSON() error {
	if !utf8.Valid(c.body) {
		return malformed()
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return badParameters([]string{"Problem:\n  message body does not match declared format\nResolution:\n  when specifying application/json as content-type, you must pass valid application/json in the request's 'body'\n  "})
	}
	if fields, ok := body.(map[string]any); ok {
		maps.Copy(c.params, fields)
	}
	return nil
}

var nested = regexp.MustCompile(`^([^\[\]]+)\[([^\[\]]+)\]$`)

// merge adds what a query or a form has; "filter[environment_scope]" is the
// parameter environment_scope inside filter. Of several values the last counts.
func (p params) merge(form map[string][]string) {
	for name, values := range form {
		value := values[len(values)-1]
		parts := nested.FindStringSubmatch(name)
		if parts == nil {
			p[name] = value
			continue
		}
		inner, ok := p[parts[1]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			p[parts[1]] = inner
		}
		inner[parts[2]] = value
	}
}

func allText(value any) bool {
	switch value := value.(type) {
	case string:
		return isText(value)
	case []any:
		for _, each := range value {
			if !allText(each) {
				return false
			}
		}
	case map[string]any:
		for name, each := range value {
			if !isText(name) || !allText(each) {
				return false
			}
		}
	}
	return true
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func (p params) has(name string) bool {
	_, there := p[name]
	return there
}
