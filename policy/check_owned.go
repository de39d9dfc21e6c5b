package policy

import (
	"io/fs"

	"github.com/hmarr/codeowners"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// maxCodeowners is GitHub's own limit on the file.
const maxCodeowners = 3 << 20

// notOwned finds a policy that anybody may change, in a repository that says
// who may change what. The first file that is there is the one that counts, as
// GitHub and GitLab look for it.
func notOwned(p *Policy, c Context) []finding.Finding {
	if c.FS == nil {
		return nil
	}
	for _, name := range []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"} {
		if info, err := fs.Stat(c.FS, name); err != nil || !info.Mode().IsRegular() || info.Size() > maxCodeowners {
			continue
		}
		return p.ownedBy(c.FS, name)
	}
	return nil
}

func (p *Policy) ownedBy(fsys fs.FS, name string) []finding.Finding {
	file, err := fsys.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close() //nolint:errcheck // it was only read
	rules, err := codeowners.ParseFile(file)
	if err != nil {
		return nil // it has GitLab's sections, or is broken: nothing can be said of it
	}
	var findings []finding.Finding
	for _, policyFile := range p.Files {
		rule, err := rules.Match(policyFile)
		if err != nil || rule == nil || len(rule.Owners) == 0 {
			findings = append(findings, breach("policy-not-owned", finding.Position{File: policyFile, Line: 1, Column: 1},
				name+" names no owner for the policy: anybody who may push can change where secrets go",
				"add a line to "+name+": /"+policyFile+" @your-security-team"))
		}
	}
	return findings
}
