package dotenv_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/store"
)

const foreign = `# what the app needs
export EDITOR='vi' # mine

NAME=old # the key
PEM="line one
line two"
# the end`

func TestForeignLinesSurvive(t *testing.T) {
	root := folder(t)
	if err := root.WriteFile(".env.dev", []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	d := target(root)
	for _, p := range []store.Placement{placement("NAME", "new $value"), placement("ADDED", "x"), placement("GONE", "y")} {
		if _, err := d.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	plain := placement("FLAGS", "on")
	plain.Kind = store.Variable
	if _, err := d.Put(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteShard(t.Context(), scope, 1, "sealed"); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), scope, store.Secret, "GONE"); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(foreign, "NAME=old # the key", "NAME='new $value' # the key", 1) +
		"\nADDED=x\nFLAGS=on\n# KEYPLUMB_LEDGER_1=sealed\n"
	if got := contents(t, root)[".env.dev"]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMode(t *testing.T) {
	mode := func(t *testing.T, run func(store.Target) error) fs.FileMode {
		root := folder(t)
		if err := root.WriteFile(".env.dev", []byte("OTHER=x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := root.Chmod(".env.dev", 0o664); err != nil {
			t.Fatal(err)
		}
		if err := run(target(root)); err != nil {
			t.Fatal(err)
		}
		info, err := root.Stat(".env.dev")
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	for op, run := range map[string]func(store.Target) error{
		"prepare": func(d store.Target) error { return d.Prepare(t.Context(), scope) },
		"put":     func(d store.Target) error { _, err := d.Put(t.Context(), placement("NAME", "x")); return err },
		"delete":  func(d store.Target) error { return d.Delete(t.Context(), scope, store.Secret, "OTHER") },
	} {
		if got := mode(t, run); got != 0o600 {
			t.Errorf("after %s: %o", op, got)
		}
	}
	if got := mode(t, func(d store.Target) error { _, err := d.List(t.Context(), scope, nil); return err }); got != 0o664 {
		t.Errorf("a listing changed the mode to %o", got)
	}
}

func TestLeftoverIsRemoved(t *testing.T) {
	root := folder(t)
	const temp = ".env.dev.keyplumb-tmp"
	for op, run := range map[string]func(store.Target) error{
		"prepare": func(d store.Target) error { return d.Prepare(t.Context(), scope) },
		"put":     func(d store.Target) error { _, err := d.Put(t.Context(), placement("NAME", "x")); return err },
	} {
		if err := root.WriteFile(temp, []byte("NAME='half a"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(target(root)); err != nil {
			t.Fatal(err)
		}
		if _, found := contents(t, root)[temp]; found {
			t.Errorf("after %s the leftover is still there", op)
		}
	}
}

// TestAlwaysWhole reads the file while it is written over and over: what is
// there is always a whole file.
func TestAlwaysWhole(t *testing.T) {
	root := folder(t)
	d := target(root)
	if _, err := d.Put(t.Context(), placement("NAME", strings.Repeat("0", 20_000))); err != nil {
		t.Fatal(err)
	}
	done, broken := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		for {
			data, err := root.ReadFile(".env.dev")
			line := bytes.TrimSuffix(bytes.TrimPrefix(data, []byte("NAME=")), []byte("\n"))
			if err != nil || len(line) != 20_000 || bytes.Count(line, line[:1]) != len(line) {
				count++
			}
			select {
			case <-done:
				broken <- count
				return
			default:
			}
		}
	}()
	for i := range 30 {
		if _, err := d.Put(t.Context(), placement("NAME", strings.Repeat(string(rune('0'+i%10)), 20_000))); err != nil {
			t.Error(err)
		}
	}
	close(done)
	if n := <-broken; n > 0 {
		t.Errorf("%d times the file was not whole", n)
	}
}

func TestUnchangedIsNotWritten(t *testing.T) {
	root := folder(t)
	d := target(root)
	if _, err := d.Put(t.Context(), placement("NAME", "value")); err != nil {
		t.Fatal(err)
	}
	before, err := root.Stat(".env.dev")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), placement("NAME", "value")); err != nil {
		t.Fatal(err)
	}
	after, err := root.Stat(".env.dev")
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("written again: %v", err)
	}
}

// FuzzRoundTrip: whatever Check accepts arrives byte for byte, beside the lines
// of others, and is read back by a listing and by a plain reader of the file.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", "x", "it's", `"`, `C:\dir\`, "$A ${B", "a\r\nb\n", "# c", "ключ", "\x00", "'\n\\"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		d, p := target(folder(t)), placement("NAME", string(value))
		if d.Check(p) != nil {
			return
		}
		if _, err := d.Put(t.Context(), placement("BEFORE", "b")); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Put(t.Context(), placement("BEHIND", "it's")); err != nil {
			t.Fatal(err)
		}
		listing, err := d.List(t.Context(), scope, []store.Kind{store.Secret})
		if err != nil || len(listing.Items) != 3 || !bytes.Equal(listing.Items[1].Value.Reveal(), value) || string(listing.Items[2].Value.Reveal()) != "it's" {
			t.Fatalf("%q does not arrive: %v", value, err)
		}
		if _, ok := envfile.Quote("NAME", string(value)); !ok {
			t.Fatal("checked, but not quoted")
		}
	})
}
