package store

import (
	"errors"
	"io"
	"io/fs"
	"path"
)

// ReadFile reads a file of at most limit bytes for a source whose secrets are
// files. The name is relative to the root of fsys and may not leave it; where
// fsys is an [os.Root], no link can leave it either.
//
// The errors are ErrInvalid for a name that leaves the root, ErrNoFile,
// ErrDenied, ErrTooLarge, and ErrUnreadable for what is no regular file.
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	fail := func(kind error, detail string) error {
		return &Error{Op: "read", Ref: name, Kind: kind, Detail: detail, Hint: "a source's file is a regular one, inside the repository, that this user may read"}
	}
	clean := path.Clean(name)
	if !fs.ValidPath(clean) || clean == "." {
		return nil, fail(ErrInvalid, "a file inside the repository is wanted, relative to its root")
	}
	file, err := fsys.Open(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Op: "read", Ref: name, Kind: ErrNoFile, Hint: "a source's path is relative to the repository's root: is it right in the policy?"}
	case errors.Is(err, fs.ErrPermission):
		return nil, fail(ErrDenied, "the file may not be read")
	case err != nil:
		return nil, fail(ErrUnreadable, "the file cannot be opened, or is a link out of the repository")
	}
	defer file.Close() //nolint:errcheck // it was only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fail(ErrUnreadable, "not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fail(ErrUnreadable, "the file cannot be read to its end")
	}
	if int64(len(data)) > limit {
		return nil, fail(ErrTooLarge, "the file is larger than a source may be")
	}
	return data, nil
}
