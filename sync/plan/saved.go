package plan

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// A Saved plan is a plan in a file: what was reviewed is what is applied, or
// nothing is. It is bound, by a MAC under the ledger key, to all that it rests
// on: the policy, the commit, the values and versions in the sources, what the
// targets held, and what the user allowed. It holds names, reasons and MACs.
type Saved struct {
	Version int           `json:"version"`
	Policy  string        `json:"policy"`  // MAC of the policy's digest
	Commit  string        `json:"commit"`  // "" outside a repository
	Sources string        `json:"sources"` // MAC of every value and version read
	Targets string        `json:"targets"` // MAC of everything observed
	Options SavedOptions  `json:"options"`
	Changes []SavedChange `json:"changes"`
	MAC     string        `json:"mac"` // over all of the above
}

// SavedOptions are what the user selected and allowed when the plan was made.
type SavedOptions struct {
	Environments  []string `json:"environments,omitempty"`
	Targets       []string `json:"targets,omitempty"`
	Secrets       []string `json:"secrets,omitempty"`
	Adopt         []string `json:"adopt,omitempty"`
	AdoptAll      bool     `json:"adopt_all,omitempty"`
	Prune         bool     `json:"prune,omitempty"`
	MaxDelete     int      `json:"max_delete"`
	Refresh       bool     `json:"refresh,omitempty"`
	AllowRollback bool     `json:"allow_rollback,omitempty"`
}

// A SavedChange is one change, for people to review.
type SavedChange struct {
	Action      Action   `json:"action"`
	Target      string   `json:"target"`
	Scope       string   `json:"scope"`
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	Environment string   `json:"environment,omitempty"`
	Reason      Reason   `json:"reason"`
	Attributes  []string `json:"attributes,omitempty"`
}

// Why a saved plan is not applied.
var (
	ErrNotAPlan = errors.New("this is no plan that keyplumb saved")
	ErrForged   = errors.New("the saved plan was edited, or was saved under another ledger key")
	ErrStale    = errors.New("the saved plan is stale")
)

// A Basis is what a plan rests on.
type Basis struct {
	Policy  [32]byte
	Commit  string
	Scopes  []Scope
	Options SavedOptions
}

// Save makes the saved form of a plan.
func (p *Plan) Save(ledgerKey secret.Key, basis Basis) Saved {
	key := savingKey(ledgerKey)
	s := Saved{
		Version: 1,
		Policy:  encode(key.MAC([]byte("policy"), basis.Policy[:])),
		Commit:  basis.Commit,
		Sources: encode(key.MAC(sources(key, basis.Scopes)...)),
		Targets: encode(key.MAC(targets(key, basis.Scopes)...)),
		Options: basis.Options,
		Changes: make([]SavedChange, 0, len(p.Changes)),
	}
	for _, c := range p.Changes {
		s.Changes = append(s.Changes, SavedChange{Action: c.Action, Target: c.Target, Scope: c.Scope, Kind: c.ID.Kind,
			Name: c.Name, Environment: c.Environment, Reason: c.Reason, Attributes: c.Attributes})
	}
	s.MAC = s.sum(key)
	return s
}

// Matches tells whether a plan made now is the one that was saved; if not, the
// error is ErrStale and says what moved.
func (s Saved) Matches(now Saved) error {
	switch {
	case s.Policy != now.Policy:
		return fmt.Errorf("%w: the policy has changed", ErrStale)
	case s.Commit != now.Commit:
		return fmt.Errorf("%w: the repository is at another commit", ErrStale)
	case s.Sources != now.Sources:
		return fmt.Errorf("%w: a value or a version in a source has changed", ErrStale)
	case s.Targets != now.Targets:
		return fmt.Errorf("%w: a target has changed", ErrStale)
	case s.MAC != now.MAC:
		return fmt.Errorf("%w: the same state gives another plan now", ErrStale)
	}
	return nil
}

// Write writes the saved plan as JSON.
func (s Saved) Write(w io.Writer) error {
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(out, '\n'))
	return err
}

// ReadSaved reads a saved plan and checks its MAC. It quotes nothing of what
// it reads.
func ReadSaved(text []byte, ledgerKey secret.Key) (Saved, error) {
	s, err := parse(text)
	if err != nil {
		return Saved{}, err
	}
	if !hmac.Equal([]byte(s.MAC), []byte(s.sum(savingKey(ledgerKey)))) {
		return Saved{}, ErrForged
	}
	return s, nil
}

// PeekOptions reads the options alone, before the ledger key is known: which it
// may take them to find. They are to be believed only once ReadSaved does.
func PeekOptions(text []byte) (SavedOptions, error) {
	s, err := parse(text)
	return s.Options, err
}

func parse(text []byte) (Saved, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var s Saved
	if err := decoder.Decode(&s); err != nil || s.Version != 1 {
		return Saved{}, ErrNotAPlan
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Saved{}, ErrNotAPlan
	}
	return s, nil
}

func savingKey(ledgerKey secret.Key) secret.Key { return ledgerKey.Derive("keyplumb saved plan") }

func (s Saved) sum(key secret.Key) string {
	s.MAC = ""
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, numbers and booleans alone
	}
	return encode(key.MAC([]byte("plan"), text))
}

func encode(sum [32]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

// sources lists what was read, for the MAC.
func sources(key secret.Key, scopes []Scope) [][]byte {
	parts := [][]byte{[]byte("sources")}
	for _, s := range scopes {
		for _, d := range s.Desired {
			fingerprint := key.Fingerprint(d.Value)
			parts = append(parts, []byte(s.Target), []byte(s.Scope), []byte(d.ID.Kind), []byte(d.ID.Name),
				fingerprint[:], []byte(d.Version))
			asked := maps.Clone(d.Attributes)
			delete(asked, Description) // it may be what the store has; the policy's own is in the policy
			parts = append(parts, sortedPairs(asked)...)
		}
	}
	return parts
}

// targets lists what was observed, for the MAC.
func targets(key secret.Key, scopes []Scope) [][]byte {
	parts := [][]byte{[]byte("targets")}
	for _, s := range scopes {
		parts = append(parts, []byte(s.Target), []byte(s.Identity), []byte(s.Scope), []byte(strconv.Itoa(len(s.Items))))
		for _, item := range s.Items {
			fingerprint := key.Fingerprint(item.Value)
			parts = append(parts, []byte(item.Kind), []byte(item.Name), []byte(item.Updated.UTC().Format(time.RFC3339)), fingerprint[:], []byte(item.Note))
			parts = append(parts, sortedPairs(item.Attributes)...)
		}
		if s.Ledger != nil {
			for _, text := range s.Ledger.Texts() {
				parts = append(parts, []byte(text))
			}
		}
	}
	return parts
}

func sortedPairs(m map[string]string) [][]byte {
	out := [][]byte{[]byte(strconv.Itoa(len(m)))}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, []byte(k), []byte(m[k]))
	}
	return out
}
