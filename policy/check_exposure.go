package policy

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// broadScopes finds production secrets that more jobs see than deploy to
// production.
func broadScopes(p *Policy, _ Context) []finding.Finding {
	var findings []finding.Finding
	told := map[[2]string]bool{}
	placements, _ := p.Placements()
	for _, place := range placements {
		wide, severity := breadth(place.Scope)
		key := [2]string{place.Secret.Name, place.Target}
		if wide == "" || told[key] || !place.Secret.Sensitive || p.Environment(place.Binding.Environment).Tier != Production {
			continue
		}
		told[key] = true
		f := about(breach("broad-scope", place.Secret.Position,
			fmt.Sprintf("a production secret is visible to %s", wide),
			"use an environment's scope, whose rules say which branches and people may use it"), place.Secret)
		f.Severity, f.Target, f.Scope, f.Environment = severity, place.Target, place.Scope, place.Binding.Environment
		findings = append(findings, f)
	}
	return findings
}

// breadth says who sees a scope that is wider than one environment.
func breadth(scope string) (string, finding.Severity) {
	kind, name, _ := strings.Cut(scope, ":")
	switch {
	case name == "*":
		return "every job, whatever its environment", finding.Error
	case kind == "repository":
		return "every job of the repository", finding.Warning
	case kind == "organization":
		return "jobs all over the organization", finding.Warning
	case kind == "instance":
		return "every job of the instance", finding.Error
	}
	return "", finding.Info
}

// plaintextEndpoints finds servers that would be asked without encryption.
func plaintextEndpoints(p *Policy, _ Context) []finding.Finding {
	var findings []finding.Finding
	for _, s := range p.Sources {
		for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
			if isPlaintext(s.Settings[name]) {
				findings = append(findings, plaintext(s.Fields[name], "source "+s.Name))
			}
		}
	}
	for _, t := range p.Targets {
		if isPlaintext(t.URL) {
			f := plaintext(t.Fields["url"], "target "+t.Name)
			f.Target = t.Name
			findings = append(findings, f)
		}
	}
	return findings
}

func plaintext(at finding.Position, who string) finding.Finding {
	return breach("plaintext-endpoint", at, who+" is asked over plain http: credentials and secrets would be readable on the way",
		"use https://; plain http is for loopback")
}

func isPlaintext(address string) bool {
	u, err := url.Parse(fillEnv(address, "env"))
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// staticCredentials finds sources that are entered with a credential that
// somebody has to keep, where the job's own identity would do.
func staticCredentials(p *Policy, _ Context) []finding.Finding {
	standing := []string{"token", "approle", "access_key", "service_account_key", "client_secret", "kubeconfig"}
	var findings []finding.Finding
	for _, s := range p.Sources {
		if method := s.Auth["method"]; slices.Contains(standing, method) {
			at, written := s.Fields["auth.method"]
			if !written {
				at = s.Position
			}
			findings = append(findings, breach("static-credential", at,
				fmt.Sprintf("source %s is entered with a standing credential (%s)", s.Name, method),
				"let the job prove who it is: auth: {method: \"jwt\", role: \"…\"}"))
		}
	}
	return findings
}
