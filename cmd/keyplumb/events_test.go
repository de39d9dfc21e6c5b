package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An interrupt ends a sync with 130, at whatever request; running it again ends
// where an uninterrupted one would have.
func TestInterruptedAndRunAgain(t *testing.T) {
	for _, n := range []int{2, 8, 14} {
		t.Run(fmt.Sprint("request ", n), func(t *testing.T) {
			t.Parallel()
			s := unsynced(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			cmd := s.process(ctx, "sync")
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
			s.github.After(func(done int, _, _ string) {
				if done >= n {
					interrupt()
					time.Sleep(200 * time.Millisecond)
				}
			})
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != exitInterrupted || !strings.Contains(string(out), "error: interrupted\nhint: run the same command again") {
				t.Fatalf("%v\n%s", err, out)
			}
			s.github.After(nil)
			s.github.Clock().Advance(time.Minute)
			s.must(exitOK, "sync")
			if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync") {
				t.Errorf("after another run:\n%s", out)
			}
		})
	}
}

// pullRequest makes the stage a checkout of a pull request's head, whose base
// is what was committed before.
func (a *aviary) pullRequest(head string) {
	a.t.Helper()
	base := a.revision()
	a.git("add", ".")
	a.git("commit", "-q", "-m", "the pull request")
	a.event("pull_request", fmt.Sprintf(`{"repository":{"id":1,"full_name":"acme/api"},"pull_request":{"base":{"sha":%q,"repo":{"id":1,"full_name":"acme/api"}},"head":{"repo":%s}}}`, base, head))
}

func (a *aviary) revision() string {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "git", "rev-parse", "HEAD")
	cmd.Dir, cmd.Env = a.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + a.dir}
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// event makes the stage a job of GitHub Actions.
func (a *aviary) event(name, payload string) {
	a.write("../"+filepath.Base(a.dir)+"-event.json", payload)
	a.setenv("GITHUB_ACTIONS", "true")
	a.setenv("CI", "true")
	a.setenv("GITHUB_EVENT_NAME", name)
	a.setenv("GITHUB_REPOSITORY", "acme/api")
	a.setenv("GITHUB_EVENT_PATH", a.dir+"-event.json")
}

const sameRepository = `{"id":1,"full_name":"acme/api"}`

// On a pull request of the same repository the policy and the files are those
// of the base: a policy that asks about a value, or a file with another, has no
// say.
func TestAPullRequestDoesNotAskItsOwnQuestions(t *testing.T) {
	a := &aviary{stage: unsynced(t)}
	a.repository()
	a.commit()
	a.write("keyplumb.cue", strings.Replace(stagePolicy, `FIRST: owner:  "a"`, `FIRST: in: [_]: value: =~"^F"`, 1))
	a.seal("prod", map[string]string{"FIRST": "planted", "SECOND": "planted", "PLAIN": "planted"})
	a.pullRequest(sameRepository)
	out := a.must(exitOK, "plan", "--report", "json")
	var report struct {
		Changes  []struct{ Name string }
		Findings []struct{ Rule string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(report.Changes) != 6 || len(report.Findings) != 0 {
		t.Errorf("the base plans 6 changes and has no findings:\n%s", out)
	}
}

func TestAForksPullRequestIsRefused(t *testing.T) {
	for name, head := range map[string]string{"a fork's": `{"id":2,"full_name":"mallory/api"}`, "a deleted fork's": "null"} {
		t.Run(name, func(t *testing.T) {
			a := &aviary{stage: unsynced(t)}
			a.repository()
			a.commit()
			a.write("keyplumb.cue", stagePolicy+"\n// a change\n")
			a.pullRequest(head)
			for _, command := range []string{"plan", "drift", "sync"} {
				out := a.must(exitFailed, command)
				if !strings.Contains(out, "handles secret values and is refused here") || !strings.Contains(out, "hint: ") {
					t.Errorf("%s:\n%s", command, out)
				}
			}
			if n := len(a.github.Requests()); n != 0 {
				t.Errorf("GitHub was asked %d times", n)
			}
			a.must(exitOK, "check")
		})
	}
}

// A bare repository that somebody committed in a subfolder is none that
// keyplumb runs git in, even when it is started there.
func TestAPlantedBareRepositoryRunsNothing(t *testing.T) {
	a := &aviary{stage: unsynced(t)}
	a.repository()
	a.commit()
	a.write("sub/HEAD", "ref: refs/heads/main\n")
	a.write("sub/objects/.keep", "")
	a.write("sub/refs/.keep", "")
	a.write("sub/config", "[core]\n\tbare = true\n\tfsmonitor = \"touch "+a.dir+"/ran; false\"\n")
	root := a.dir
	a.dir += "/sub"
	a.must(exitOK, "plan")
	a.must(exitOK, "plan", "--leaks")
	if _, err := os.Stat(root + "/ran"); err == nil {
		t.Error("its configuration ran a program")
	}
}
