package gcp

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"slices"

	"cloud.google.com/go/auth/credentials"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A file is what is looked at in a credentials file before Google's package
// reads it. Where a field is twice there, both make of it the same.
// https://google.aip.dev/auth/4110
type file struct {
	Type   string `json:"type"`
	Quota  string `json:"quota_project_id"`
	Source struct {
		Executable  json.RawMessage `json:"executable"`
		Certificate json.RawMessage `json:"certificate"`
		Environment string          `json:"environment_id"`
	} `json:"credential_source"`
	Inner json.RawMessage `json:"source_credentials"`
}

// kinds are the credentials files that are taken. Each of them asks for its
// token with the client that it is given.
var kinds = []credentials.CredType{
	credentials.ServiceAccount, credentials.AuthorizedUser, credentials.ExternalAccount,
	credentials.ExternalAccountAuthorizedUser, credentials.ImpersonatedServiceAccount,
}

// fromFile logs in with a credentials file.
func (s *Source) fromFile() (*login, error) {
	a := s.options.Auth
	f, err := readFile(a.File.Reveal(), 0)
	if err != nil {
		return nil, err
	}
	allow := func(address string) error {
		if err := only(public()...)(address); err == nil || a.Allow == nil {
			return err
		}
		return a.Allow(address)
	}
	found, err := credentials.NewCredentialsFromJSON(credentials.CredType(f.Type), a.File.Reveal(), &credentials.DetectOptions{
		Scopes: []string{scope}, Client: s.newHosts(allow), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, badFile("Google's own package makes no login of it")
	}
	return &login{provider: found, explain: s.explainLogin, quota: cmp.Or(a.QuotaProject, f.Quota)}, nil
}

// readFile refuses what would run a program, or ask with a client that is not
// ours.
func readFile(text []byte, depth int) (file, error) {
	var f file
	if json.Unmarshal(text, &f) != nil {
		return file{}, badFile("it is no JSON object")
	}
	switch source := f.Source; {
	case !slices.Contains(kinds, credentials.CredType(f.Type)):
		return file{}, badFile("its type is none that keyplumb takes")
	case isThere(source.Executable):
		return file{}, badFile("it runs a program to get a token, which keyplumb does not")
	case isThere(source.Certificate):
		return file{}, badFile("it logs in with a client certificate, which keyplumb does not")
	case source.Environment != "":
		return file{}, badFile("it logs in with a credential of AWS, which keyplumb does not")
	case f.Quota != "" && !project.MatchString(f.Quota):
		return file{}, badFile("its quota project is no id and no number")
	case isThere(f.Inner) && depth > 0:
		return file{}, badFile("it holds credentials within credentials within credentials")
	case isThere(f.Inner):
		if _, err := readFile(f.Inner, depth+1); err != nil {
			return file{}, err
		}
	}
	return f, nil
}

func isThere(field json.RawMessage) bool { return len(field) > 0 && string(field) != "null" }

func badFile(detail string) error {
	return &store.Error{Op: "log in", Ref: "the credentials file", Kind: store.ErrUnauthentic, Detail: detail,
		Hint: "name another in GOOGLE_APPLICATION_CREDENTIALS, or let the job log in: auth: {provider: \"projects/…\"}"}
}
