package aws_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/aws"
)

// TestServers lets boto3, a client that nobody here wrote, read from the
// emulator. It needs Python and its packages, so it runs where
// KEYPLUMB_TEST_SERVERS is set: make test-servers.
func TestServers(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: boto3 against the emulator; make test-servers runs it")
	}
	s := aws.New(aws.Options{})
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	at := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	s.AddKey("known", "its secret", aws.Allow("*", "*"))
	for _, value := range []string{"one", "two"} {
		s.Put("api", value)
	}
	s.PutBinary("bytes", []byte("\xff\x00"))
	s.Put("going", "value")
	s.Delete("going", at)
	s.Tag("api", "owner", "payments")
	s.RotateAt("api", at)
	s.PutParameter("/key", "value")
	s.ExpireParameter("/key", at)
	s.TagParameter("/key", "owner", "payments")
	s.PutParameter("flat", "old")
	s.PutParameter("flat", "new")
	token := addJob(s, aws.Allow("secretsmanager:*", "*:secret:api-*"))

	python := filepath.Join(filepath.Dir(os.Getenv("MOTO_SERVER")), "python")
	command := exec.CommandContext(t.Context(), python, "../../../testdata/servers/moto/read.py", token(nil)) //nolint:gosec // it is the makefile's
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+listening.URL, "AWS_ACCESS_KEY_ID=known", "AWS_SECRET_ACCESS_KEY=its secret", "TZ=UTC")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := `["current", "api", "two", ["AWSCURRENT"]]
["previous", "one"]
["binary", "\u00ff\u0000"]
["missing", "ResourceNotFoundException", 400]
["marked", "InvalidRequestException", 400]
["batch", null]
["values", "api", "bytes", "none ResourceNotFoundException"]
["describe", [{"Key": "owner", "Value": "payments"}], true]
["deleted", "2027-01-02 03:04:05+00:00"]
["versions"]
["stages", ["AWSPREVIOUS"], ["AWSCURRENT"]]
["parameters", ["/none"]]
["parameter", ["/key", null, "value", 1, "SecureString"], ["flat", ":1", "old", 1, "SecureString"]]
["describe parameters"]
["described", ["/key", 1, "Expiration"]]
["tags", [{"Key": "owner", "Value": "payments"}]]
["refused", "InvalidIdentityToken", 400]
["login"]
["as a job", "two"]
["not a job's", "AccessDeniedException", 400]
["forged", "InvalidSignatureException", 400]
`
	if string(out) != want {
		t.Errorf("boto3 got\n%s\nwant\n%s", out, want)
	}
}
