package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/keyplumb/keyplumb/"

// architecture is the map of the packages: what each may import of keyplumb.
// A name ending in /* stands for each package of that folder. What is not here
// must not be.
var architecture = map[string][]string{
	"policy/finding":        {},
	"schemas":               {},
	"policy/scan":           {},
	"policy/repo":           {},
	"sync/secret":           {},
	"sync/audit":            {},
	"sync/envfile":          {}, // the text of dotenv files, for the source and the target
	"sync/emulator/harness": {}, // the clock, the log and the faults that every emulator has
	"sync/emulator/*":       {"sync/emulator/harness"},
	"policy":                {"policy/finding", "schemas"},
	"policy/report":         {"policy/finding"},
	"policy/lint":           {"policy", "policy/finding", "policy/scan", "policy/repo"},
	"sync/store":            {"sync/secret"},
	"sync/store/storetest":  {"sync/store", "sync/secret"},
	"sync/rest":             {"sync/store"},
	"sync/awsapi":           {"sync/store", "sync/secret", "sync/rest"}, // what AWS's two sources have in common
	"sync/source/aws":       {"sync/store", "sync/secret", "sync/rest", "sync/awsapi"},
	"sync/source/ssm":       {"sync/store", "sync/secret", "sync/rest", "sync/awsapi"},
	"sync/source/*":         {"sync/store", "sync/secret", "sync/rest", "sync/envfile"},
	"sync/target/*":         {"sync/store", "sync/secret", "sync/rest", "sync/envfile"},
	"sync/ledger":           {"sync/secret"},
	"sync/values":           {"policy", "policy/finding", "sync/secret"},
	"sync/plan":             {"policy", "policy/finding", "sync/store", "sync/secret", "sync/ledger"},
	"sync/verify":           {"policy", "policy/finding", "sync/values", "sync/ledger", "sync/secret"},
	"sync/engine": {"policy", "policy/finding", "policy/scan", "policy/repo", "sync/plan", "sync/ledger", "sync/audit",
		"sync/store", "sync/secret", "sync/values", "sync/verify"},
	"cmd/keyplumb":                    {"*"},
	"sync/emulator/github/githubtest": {"sync/emulator/github", "sync/emulator/harness"}, // imported by tests alone
}

// testsMay is what tests may import besides.
var testsMay = map[string][]string{
	"sync/awsapi":                     {"sync/emulator/*"},
	"sync/source/*":                   {"sync/store/storetest", "sync/emulator/*", "sync/emulator/github/githubtest"},
	"sync/target/*":                   {"sync/store/storetest", "sync/emulator/*", "sync/emulator/github/githubtest"},
	"sync/emulator/*":                 {"sync/emulator/github/githubtest"},
	"sync/store":                      {"sync/store/storetest"},
	"sync/emulator/github/githubtest": {},
}

// A goPackage is what `go list -json` says of a package.
type goPackage struct {
	Dir, ImportPath                    string
	Imports, TestImports, XTestImports []string
	GoFiles, TestGoFiles, XTestGoFiles []string
	IgnoredGoFiles                     []string
}

func (p goPackage) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// within gives those of a list that are keyplumb's own, without the module.
func within(imports []string) []string {
	var own []string
	for _, i := range imports {
		if rest, ok := strings.CutPrefix(i, module); ok {
			own = append(own, rest)
		}
	}
	return own
}

// listed tells whether a package is in a list of names and patterns.
func listed(list []string, name string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		match, _ := path.Match(pattern, name)
		return match || pattern == "*"
	})
}

// entry finds what a map says of a package, a name before a pattern.
func entry(rules map[string][]string, name string) ([]string, bool) {
	if may, ok := rules[name]; ok {
		return may, true
	}
	may, ok := rules[path.Dir(name)+"/*"]
	return may, ok
}

// strayArrows finds packages and imports that the map does not have.
func strayArrows(packages []goPackage) (faults []string) {
	for _, p := range packages {
		may, ok := entry(architecture, p.name())
		if !ok {
			faults = append(faults, fmt.Sprintf("package %s is not in the map", p.name()))
			continue
		}
		for _, i := range within(p.Imports) {
			if !listed(may, i) || i == "sync/store/storetest" || path.Base(i) == "githubtest" {
				faults = append(faults, fmt.Sprintf("%s imports %s", p.name(), i))
			}
		}
		besides, _ := entry(testsMay, p.name())
		for _, i := range within(slices.Concat(p.TestImports, p.XTestImports)) {
			if i != p.name() && !listed(may, i) && !listed(besides, i) {
				faults = append(faults, fmt.Sprintf("a test of %s imports %s", p.name(), i))
			}
		}
		if p.name() == "sync" || slices.Contains([]string{"utils", "util", "common", "types", "helpers"}, path.Base(p.name())) {
			faults = append(faults, fmt.Sprintf("package %s has a name that says nothing, or hides the standard library's", p.name()))
		}
	}
	return faults
}

// isProvider tells the packages that sign the contract.
func isProvider(name string) bool {
	return listed([]string{"sync/source/*", "sync/target/*"}, name)
}

// unwired finds providers that the command does not import.
func unwired(packages []goPackage) (faults []string) {
	var imported []string
	for _, p := range packages {
		if p.name() == "cmd/keyplumb" {
			imported = within(p.Imports)
		}
	}
	for _, p := range packages {
		if isProvider(p.name()) && !slices.Contains(imported, p.name()) {
			faults = append(faults, fmt.Sprintf("provider %s is not wired", p.name()))
		}
	}
	return faults
}

// listPackages asks the go command for keyplumb's packages.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages were found", len(packages))
	}
	return packages
}

func TestArchitecture(t *testing.T) {
	packages := listPackages(t)
	faults := slices.Concat(strayArrows(packages), unwired(packages))
	for _, p := range packages {
		faults = append(faults, codeFaults(t, p)...)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// TestArchitectureIsHeld plants what the checks must find.
func TestArchitectureIsHeld(t *testing.T) {
	one := func(name string, imports, tests []string) []goPackage {
		return []goPackage{{ImportPath: module + name, Imports: imports, XTestImports: tests}}
	}
	with := func(imports ...string) []string {
		for i := range imports {
			imports[i] = module + imports[i]
		}
		return imports
	}
	for _, test := range []struct {
		name     string
		packages []goPackage
		good     bool
	}{
		{"an arrow that is there", one("sync/plan", with("policy", "sync/ledger"), nil), true},
		{"the standard library", one("sync/secret", []string{"crypto/hmac", "sync"}, nil), true},
		{"its own tests", one("sync/secret", nil, with("sync/secret")), true},
		{"a contract in a test", one("sync/source/vault", nil, with("sync/store/storetest", "sync/emulator/vault")), true},
		{"an unlisted package", one("policy/magic", nil, nil), false},
		{"one below a pattern", one("sync/source/vault/inner", nil, nil), false},
		{"policy that sees sync", one("policy", with("sync/secret"), nil), false},
		{"a plan that does I/O", one("sync/plan", with("sync/rest"), nil), false},
		{"a provider that sees another", one("sync/source/vault", with("sync/source/sops"), nil), false},
		{"a provider that sees the engine", one("sync/target/gitlab", with("sync/engine"), nil), false},
		{"a provider over the contract", one("sync/target/gitlab", with("sync/store/storetest"), nil), false},
		{"an emulator on the harness", one("sync/emulator/vault", with("sync/emulator/harness"), nil), true},
		{"an emulator that sees another", one("sync/emulator/vault", with("sync/emulator/github"), nil), false},
		{"an emulator that sees keyplumb", one("sync/emulator/vault", with("sync/secret"), nil), false},
		{"a command over the contract", one("cmd/keyplumb", with("sync/store/storetest"), nil), false},
		{"a command over test support", one("cmd/keyplumb", with("sync/emulator/github/githubtest"), nil), false},
		{"a test that goes elsewhere", one("policy", nil, with("sync/secret")), false},
		{"sync itself", one("sync", nil, nil), false},
		{"helpers", one("sync/source/helpers", nil, nil), false},
	} {
		if faults := strayArrows(test.packages); (len(faults) == 0) != test.good {
			t.Errorf("%s: %q", test.name, faults)
		}
	}
	provider, command := one("sync/source/vault", nil, nil), one("cmd/keyplumb", nil, nil)
	if len(unwired(slices.Concat(provider, command))) == 0 {
		t.Error("a provider that is not wired is not found")
	}
	command[0].Imports = with("sync/source/vault")
	if faults := unwired(slices.Concat(provider, command)); len(faults) > 0 {
		t.Error(faults)
	}
}
