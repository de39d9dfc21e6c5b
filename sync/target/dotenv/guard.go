package dotenv

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// allowed refuses where secrets may not be in plain text at all.
func (t *Target) allowed() error {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "write a dotenv file", Kind: store.ErrDenied, Detail: detail, Hint: hint}
	}
	switch o := t.options; {
	case o.InCI:
		return refuse("secrets are not written in plain text in CI", "give the job its secrets through the CI system's own store; limit this target or this run with --target")
	case o.Production && !o.AllowPlaintext:
		return refuse("production secrets are not written in plain text", "limit the target with only, or allow it with --allow-plaintext")
	}
	return nil
}

// locate gives a scope's file once it has passed every guard. The caller holds
// the lock.
func (t *Target) locate(op string, scope store.Scope) (string, error) {
	refuse := func(kind error, detail, hint string) error {
		return &store.Error{Op: op, Ref: string(scope), Kind: kind, Detail: detail, Hint: hint}
	}
	if err := t.allowed(); err != nil {
		return "", err
	}
	name, isFile := strings.CutPrefix(string(scope), "file:")
	name = path.Clean(name)
	if !isFile || !fs.ValidPath(name) {
		return "", refuse(store.ErrInvalid, "a file inside the repository is wanted, relative to its root", "")
	}
	if !strings.HasPrefix(path.Base(name), ".env") {
		return "", refuse(store.ErrInvalid, "a dotenv target writes files named .env… alone", "name it .env.{env}")
	}
	if err := t.isIgnored(name, refuse); err != nil {
		return "", err
	}
	info, err := t.options.Root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return name, nil
	case errors.Is(err, fs.ErrPermission):
		return "", refuse(store.ErrDenied, "the file may not be looked at", "")
	case err != nil:
		return "", refuse(store.ErrInvalid, "the path leaves the repository, or is none", "")
	case !info.Mode().IsRegular():
		return "", refuse(store.ErrInvalid, "it is a link or no regular file", "remove it: keyplumb writes a file of its own")
	}
	return name, nil
}

// isIgnored asks about the file and the temporary one beside it, which a run
// that dies leaves behind.
func (t *Target) isIgnored(name string, refuse func(error, string, string) error) error {
	if t.ignored[name] {
		return nil
	}
	for _, each := range []string{name, temporary(name)} {
		ignored, err := t.options.IsIgnored(each)
		if err != nil {
			return refuse(store.ErrUnavailable, "git does not say whether it ignores "+each, "")
		}
		if !ignored {
			return refuse(store.ErrDenied, "git does not ignore "+each+", so it could be committed",
				"add "+path.Base(name)+"* to .gitignore; git rm --cached what is tracked")
		}
	}
	t.ignored[name] = true
	return nil
}
