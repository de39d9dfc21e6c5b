package aws

import (
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A failure is an error of an API.
type failure struct {
	status  int
	code    string
	message string
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s %s", f.status, f.code, f.message) }

// refusal is a failure as nearly all of them are.
func refusal(code, format string, values ...any) error {
	return &failure{http.StatusBadRequest, code, fmt.Sprintf(format, values...)}
}

func (f *failure) write(a *harness.Answer, service string) {
	a.WriteHeader(f.status)
	if service == "sts" {
		type detail struct{ Type, Code, Message string }
		writeDocument(a, struct {
			XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
			Error     detail
			RequestId string //nolint:revive,staticcheck // the element's name
		}{Error: detail{"Sender", f.code, f.message}, RequestId: newID()})
		return
	}
	// Of the two spellings of message each service has its own; a client takes
	// both.
	name := map[string]string{"secretsmanager": "Message"}[service]
	if name == "" {
		name = "message"
	}
	a.JSON("application/x-amz-json-1.1", map[string]string{"__type": f.code, name: f.message})
}

func writeDocument(a *harness.Answer, document any) {
	text, err := xml.Marshal(document)
	if err != nil {
		panic(err) // an emulator's own structures marshal
	}
	a.Text("text/xml", string(text))
}

// writeXML answers as the query protocol does: NAMEResponse around NAMEResult.
func writeXML(a *harness.Answer, action string, result any) {
	space := "https://sts.amazonaws.com/doc/2011-06-15/"
	text, err := xml.Marshal(result)
	if err != nil {
		panic(err) // an emulator's own structures marshal
	}
	a.Text("text/xml", fmt.Sprintf(`<%[1]sResponse xmlns=%[2]q><%[1]sResult>%[3]s</%[1]sResult><ResponseMetadata><RequestId>%[4]s</RequestId></ResponseMetadata></%[1]sResponse>`,
		action, space, text, newID()))
}
