package gitlab_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// TestValuesArriveByteForByte sends values in each way that GitLab takes.
func TestValuesArriveByteForByte(t *testing.T) {
	pem := "-----BEGIN NOTHING-----\r\nMIIB+/=\n\n-----END NOTHING-----\n"
	for _, value := range []string{"", " spaces ", "a\tb\r\nc", "$A ${B} $$ %C%", "ü☃😀\u2028", `"\` + "`'&=+?#%25", pem, "\ufeff\x01\x7f"} {
		c := start(t, gitlab.Options{})
		c.want(201, "POST", variables, fields{"key": "JSON", "value": value})
		form := "key=FORM&value=" + query(value)
		if got := c.send("POST", variables, "application/x-www-form-urlencoded", form); got.status != 201 {
			t.Fatalf("form: %s", got.text)
		}
		if got := c.send("POST", variables+"?key=QUERY&value="+query(value), "", ""); got.status != 201 {
			t.Fatalf("query: %s", got.text)
		}
		kind, body := multiparts(t, map[string]string{"key": "MULTIPART", "value": value})
		if got := c.send("POST", variables, kind, body); got.status != 201 {
			t.Fatalf("multipart: %s", got.text)
		}
		for _, key := range []string{"JSON", "FORM", "QUERY", "MULTIPART"} {
			if got := c.want(200, "GET", variables+"/"+key, nil).fields(t)["value"]; got != value {
				t.Errorf("%s: %q came back as %q", key, value, got)
			}
		}
	}
}

// query escapes every byte.
func query(value string) string {
	const hex = "0123456789ABCDEF"
	var text strings.Builder
	for _, b := range []byte(value) {
		text.WriteByte('%')
		text.WriteByte(hex[b>>4])
		text.WriteByte(hex[b&15])
	}
	return text.String()
}

func multiparts(t *testing.T, parts map[string]string) (contentType, body string) {
	t.Helper()
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	for name, value := range parts {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), text.String()
}

func TestParameters(t *testing.T) {
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, test := range []struct {
		name, path, kind, body string
		status                 int
		want                   string // "": whatever
	}{
		{"form booleans", variables, form, "key=K&value=long%2Benough&masked=true&raw=1&protected=off", 201, `{"description":null,"environment_scope":"*","hidden":false,"key":"K","masked":true,"protected":false,"raw":true,"value":"long+enough","variable_type":"env_var"}`},
		{"body over query", variables + "?value=query&key=K", json, `{"value":"body"}`, 201, ""},
		{"numbers and booleans as text", variables, json, `{"key":"K","value":12.50}`, 201, `{"description":null,"environment_scope":"*","hidden":false,"key":"K","masked":false,"protected":false,"raw":false,"value":"12.50","variable_type":"env_var"}`},
		{"true as text", variables, json, `{"key":"K","value":true}`, 201, ""},
		{"booleans as numbers", variables, json, `{"key":"K","value":"long+enough","masked":1}`, 201, ""},
		{"null as text", variables, json, `{"key":"K","value":null}`, 201, ""},
		{"without a type, JSON", variables, "", `{"key":"K","value":"v"}`, 201, ""},
		{"a charset", variables, "application/json; charset=utf-8", `{"key":"K","value":"v"}`, 201, ""},
		{"a list", variables, json, `[]`, 400, `{"error":"key is missing, value is missing"}`},
		{"no JSON", variables, json, `{"key":`, 400, ""},
		{"another type", variables, "text/csv", "key,value", 415, `{"error":"The provided content-type 'text/csv' is not supported."}`},
		{"NUL in JSON", variables, json, `{"key":"K","value":"a\u0000b"}`, 400, "Bad Request"},
		{"NUL deep in JSON", variables, json, `{"filter":{"x":["\u0000"]}}`, 400, "Bad Request"},
		{"NUL in a form", variables, form, "key=K&value=a%00b", 400, "Bad Request"},
		{"NUL in the query", variables + "?x=%00", json, `{"key":"K","value":"v"}`, 400, "Bad Request"},
		{"NUL in the path", "/projects/a%00b/variables", json, `{"key":"K","value":"v"}`, 400, "Bad Request"},
		{"invalid UTF-8 in JSON", variables, json, "{\"key\":\"K\",\"value\":\"\xff\"}", 400, "Bad Request"},
		{"invalid UTF-8 in a form", variables, form, "key=K&value=%FF", 400, "Bad Request"},
		{"no escape", variables, form, "key=K&value=%zz", 400, "Bad Request"},
	} {
		c := start(t, gitlab.Options{})
		got := c.send("POST", test.path, test.kind, test.body)
		if got.status != test.status || test.want != "" && got.text != test.want {
			t.Errorf("%s: %d %s, want %d %s", test.name, got.status, got.text, test.status, test.want)
		}
	}
}
