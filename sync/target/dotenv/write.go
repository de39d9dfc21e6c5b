package dotenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/store"
)

// mode is that of every file written here: its owner's alone.
const mode = 0o600

// temporary names the file that is written before it is renamed. Its base name
// begins with .env, too, so that whatever looks for such files finds it.
func temporary(name string) string { return name + ".keyplumb-tmp" }

// Prepare removes what a run that died left over, and takes a file that others
// could read from them.
func (t *Target) Prepare(ctx context.Context, scope store.Scope, _ ...store.Placement) error {
	const op = "prepare"
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s %s: %w", op, scope, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name, err := t.locate(op, scope)
	if err != nil {
		return err
	}
	if info, err := t.options.Root.Stat(path.Dir(name)); err != nil || !info.IsDir() {
		return &store.Error{Op: op, Ref: string(scope), Kind: store.ErrNotFound, Detail: "there is no such folder", Hint: "make the folder first"}
	}
	if err := t.clean(name); err != nil {
		return failed(op, scope, err)
	}
	info, err := t.options.Root.Lstat(name)
	if err == nil && info.Mode().Perm()&^mode != 0 {
		err = t.options.Root.Chmod(name, mode)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(op, scope, err)
	}
	return nil
}

// read gives a scope's file; one that is not there is empty.
func (t *Target) read(ctx context.Context, op string, scope store.Scope) (*envfile.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", op, scope, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, file, _, err := t.open(op, scope)
	return file, err
}

// open locates, reads and parses a scope's file. The caller holds the lock.
func (t *Target) open(op string, scope store.Scope) (name string, file *envfile.File, data []byte, err error) {
	if name, err = t.locate(op, scope); err != nil {
		return "", nil, nil, err
	}
	data, err = store.ReadFile(t.options.Root.FS(), name, envfile.MaxSize)
	if errors.Is(err, store.ErrNotFound) {
		data, err = nil, nil
	}
	if err != nil {
		return "", nil, nil, err
	}
	file, err = envfile.Parse(data)
	if syntax, ok := errors.AsType[*envfile.SyntaxError](err); ok {
		return "", nil, nil, &store.Error{
			Op: op, Ref: fmt.Sprintf("%s:%d", scope, syntax.Line), Kind: store.ErrUnreadable, Detail: syntax.Detail,
			Hint: "mend the line: keyplumb changes no file that it cannot read whole",
		}
	}
	return name, file, data, nil
}

// edit changes a scope's file, unless nothing in it changes.
func (t *Target) edit(ctx context.Context, op string, scope store.Scope, change func(*envfile.File) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s %s: %w", op, scope, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name, file, before, err := t.open(op, scope)
	if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	after := file.Bytes()
	if bytes.Equal(before, after) {
		return nil
	}
	if len(after) > envfile.MaxSize {
		return &store.Error{Op: op, Ref: string(scope), Kind: store.ErrTooLarge, Detail: "the file would grow beyond 1 MiB"}
	}
	if err := t.clean(name); err != nil {
		return failed(op, scope, err)
	}
	if err := t.replace(name, after); err != nil {
		return failed(op, scope, err)
	}
	return nil
}

// clean removes, once for each file, what a run that died left beside it.
func (t *Target) clean(name string) error {
	if t.cleaned[name] {
		return nil
	}
	if err := t.options.Root.Remove(temporary(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	t.cleaned[name] = true
	return nil
}

// replace puts a new file in the old one's place, whole or not at all.
func (t *Target) replace(name string, data []byte) error {
	root, temp := t.options.Root, temporary(name)
	file, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return syncFolder(root, path.Dir(name))
}

// syncFolder makes the rename last. Not every system can sync a folder; the
// file is in its place all the same.
func syncFolder(root *os.Root, name string) error {
	folder, err := root.Open(name)
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

// failed tells what the file system said, in the port's words.
func failed(op string, scope store.Scope, err error) error {
	fail := func(kind error, detail, hint string) error {
		return &store.Error{Op: op, Ref: string(scope), Kind: kind, Detail: detail, Hint: hint}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fail(store.ErrDenied, "the file or its folder may not be written", "")
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return fail(store.ErrConflict, "another run writes the same file", "run again when it has ended")
	}
	return fail(store.ErrUnavailable, "the file system refused", "is the disk full?")
}
