package main

import (
	"errors"
	"io"
	"os"

	"github.com/keyplumb/keyplumb/policy"
)

// maxPayload bounds an event's payload, in bytes; GitHub's own bound is 25 MB.
// https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
const maxPayload = 26 << 20

// job tells which CI job, if any, this process is in.
func (c *Command) job() job {
	return readJob(c.Getenv, func() ([]byte, error) { return readPayload(c.Getenv("GITHUB_EVENT_PATH")) })
}

var errPayload = errors.New("no regular file of a size that a payload has")

func readPayload(path string) ([]byte, error) {
	// A pipe would hang before it could be looked at.
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxPayload {
		return nil, errPayload
	}
	file, err := os.Open(path) //nolint:gosec // the runner says where its payload is
	if err != nil {
		return nil, errPayload
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxPayload+1))
	if err != nil || len(data) > maxPayload {
		return nil, errPayload
	}
	return data, nil
}

// guardValues refuses a command that handles values or the ledger key where
// the event is not trusted: a constraint that a stranger wrote would tell, by
// whether it is met, what the value is.
func (j job) guardValues(command string) error {
	if j.suspicious == "" {
		return nil
	}
	return refuse(exitFailed, j.wayOut, "%s handles secret values and is refused here: %s", command, j.suspicious)
}

// guardTarget refuses to let a CI job write to, or read, a target that is not
// the repository or project that it runs in, unless --allow-target names it:
// a change to the policy alone must not reach other repositories.
func (j job) guardTarget(t policy.Target, allowed []string) error {
	if !j.inCI() {
		return nil
	}
	if t.Kind == "dotenv" {
		return refuse(exitFailed, "leave it out with --target, or run this on your own machine", "target %s writes plain files, which is refused in CI", t.Name)
	}
	if j.owns(t) {
		return nil
	}
	for _, name := range allowed {
		if name == t.Name {
			return nil
		}
	}
	where := "which repository this job runs in is not known"
	if j.project != "" {
		where = "this job runs in " + j.project
	}
	return refuse(exitFailed, "allow it with --allow-target "+t.Name+", or leave it out with --target", "target %s is not this job's own: %s", t.Name, where)
}

// errBaseMissing is for a clone that does not hold the revision that a pull
// request is to be merged into.
func (j job) errBaseMissing() error {
	return refuse(exitFailed, "fetch it before keyplumb runs: git fetch --depth=1 origin "+j.base,
		"on a pull request the policy is read as it was before it, at %.12s, which this clone does not hold", j.base)
}
