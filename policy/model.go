// Package policy holds what a policy says: the model, its loading from CUE,
// and the checks on the policy itself.
//
// Nothing in it, nor below it, imports the packages under sync: a policy can
// never see a vault's values. A constraint meets a value in one function,
// [Constraint.Accepts], which answers yes or no.
package policy

import (
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// A Policy is a whole policy, evaluated, every default filled in. Its lists
// are sorted by name.
type Policy struct {
	Files        []string // as read, relative to the repository's root
	Digest       [32]byte // SHA-256 over the files' names and contents
	Environments []Environment
	Sources      []Source
	Targets      []Target
	Secrets      []Secret
	Rules        map[string]Level // set by the policy; the catalogue's default otherwise
	Allow        []Allowance
	LedgerKey    *From // nil: from KEYPLUMB_LEDGER_KEY
}

// A Level is a severity that a policy gives to a rule, or off.
type Level struct {
	Off      bool
	Severity finding.Severity
}

// A Tier ranks an environment.
type Tier string

// The tiers.
const (
	Development Tier = "development"
	Test        Tier = "test"
	Staging     Tier = "staging"
	Production  Tier = "production"
)

// An Environment is dev, staging, prod …
type Environment struct {
	Name     string
	Tier     Tier
	Position finding.Position
}

// A Source is a store that holds the truth, as the policy configures it. Its
// strings may hold {env}; [Source.For] fills that in.
type Source struct {
	Name     string
	Kind     string            // sops, dotenv, env, vault …
	Path     string            // the default of a reference's path; the file of a file source
	Settings map[string]string // the kind's own: address, mount, namespace, region …
	Auth     map[string]string // method, role …
	Position finding.Position
	Fields   map[string]finding.Position // where each of its fields is written: kind, address, auth.role …
}

// A Target is a CI system's store that keyplumb writes to.
type Target struct {
	Name         string
	Kind         string                       // github, gitlab, dotenv
	Repository   string                       // github: owner/repository
	Organization string                       // github
	Project      string                       // gitlab
	Group        string                       // gitlab
	Instance     bool                         // gitlab
	URL          string                       // gitlab; "" is the environment's or the public default
	DefaultURL   string                       // gitlab: the environment's, which is not the policy's to say; "" is the public default
	Path         string                       // dotenv; may hold {env}
	ScopeKind    string                       // github: environment, repository, organization; else ""
	Store        string                       // github: actions, dependabot, codespaces; else ""
	Create       bool                         // github: may create a missing environment
	Only         []string                     // the environments it takes, sorted; never empty: all of them by default
	Names        map[string]string            // the policy's environment → the store's, for each of Only
	Rename       map[string]map[string]string // environment → Secret.As → the name that CI sees; nil without rename
	Attributes   map[string]string            // for all that is written to it: visibility, repositories (sorted, joined by commas), masked …
	Position     finding.Position
	Fields       map[string]finding.Position // where each of its fields is written: kind, url, names.prod …
}

// NameOf gives the name under which a secret is written to the target in an
// environment.
func (t *Target) NameOf(s *Secret, environment string) string {
	if name, ok := t.Rename[environment][s.As]; ok {
		return name
	}
	return s.As
}

// A Secret is one entry of the policy.
type Secret struct {
	Name        string
	As          string   // the name that CI sees, before any rename
	To          []string // the targets, sorted; never empty: all of them by default
	Owner       string
	Description string
	Rotate      time.Duration // 0: never
	Optional    bool
	Sensitive   bool
	Shared      *Exception
	Attributes  map[string]string // go before the target's: masked, protected, hidden, file, visibility …
	Bindings    []Binding         // one for each of its environments, sorted by name
	Position    finding.Position
	Fields      map[string]finding.Position // where each of its fields is written: as, to, rotate …
}

// A Binding is one secret in one environment: a reference and a constraint on
// the value.
type Binding struct {
	Environment string
	From        From
	Constraint  Constraint
	Hold        *Exception
	Position    finding.Position // of in.ENV where the user wrote it, else the secret's
}

// A From says where a value comes from: one reference or several, composed.
type From struct {
	Reference                  // where Parts is empty
	Parts     []Part           // sorted by name
	Join      string           // "…{NAME}…"
	Position  finding.Position // of from where the user wrote it, else the binding's
}

// A Part is one reference inside a composed value.
type Part struct {
	Name string
	Reference
}

// A Reference is where one value lives, {env} filled in.
type Reference struct {
	Source  string
	Path    string
	Field   string
	Whole   bool // the policy asked for the whole value with field: ""
	Version string
}

// An Exception is a finding or a state that is accepted for a time.
type Exception struct {
	Reason   string
	Until    time.Time // midnight UTC at the end of the day named: expired from then on
	Position finding.Position
}

// An Allowance accepts the findings of one rule.
type Allowance struct {
	Rule   string
	Secret string // "" is any
	Target string // "" is any
	Exception
}

// A Placement is a binding in a scope: one variable that CI will see.
type Placement struct {
	Target     string
	Scope      string // as store.Scope and reports write it: environment:prod, repository …
	Name       string // as, or what rename made of it
	Secret     *Secret
	Binding    *Binding
	Attributes map[string]string // set on the target for all, or on the secret: visibility, repositories, masked …
}
