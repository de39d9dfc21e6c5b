package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile writes a file that the user named. In CI the working directory is
// what somebody committed, so that what stands in its place there may be a link
// that was planted.
func (c *Command) writeFile(name string, text []byte, mode fs.FileMode) error {
	if c.job().inCI() && filepath.IsLocal(name) {
		return c.replace(name, text, mode)
	}
	return os.WriteFile(c.path(name), text, mode)
}

// replace writes a file of the working directory anew. A link in its place is
// removed, never followed, and none on the way there leads out of the directory.
func (c *Command) replace(name string, text []byte, mode fs.FileMode) error {
	dir, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // nothing was written to it
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := dir.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
