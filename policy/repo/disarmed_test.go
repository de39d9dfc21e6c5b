package repo

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (b *bench) trap() (program, mark string) {
	b.t.Helper()
	dir := b.t.TempDir()
	program, mark = filepath.Join(dir, "trap"), filepath.Join(dir, "ran")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch '"+mark+"'\ncat >/dev/null\n"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	return program, mark
}

func ran(mark string) bool { _, err := os.Stat(mark); return err == nil }

func everything(t *testing.T, r *Repo, head, object string) {
	t.Helper()
	ctx := t.Context()
	_, _ = r.Head(ctx)
	_, _ = r.Files(ctx)
	_, _ = r.OriginURL(ctx)
	_, _ = r.IsIgnored(ctx, "a.txt")
	_ = r.Blobs(ctx, func(string, []byte) error { return nil })
	_, _, _ = r.Where(ctx, object)
	if files, err := r.At(ctx, head); err == nil {
		_, _ = fs.ReadFile(files, "a.txt")
	}
}

func TestPlantedConfigurationRunsNothing(t *testing.T) {
	for _, key := range []string{
		"core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.alternateRefsCommand",
		"diff.external", "diff.x.command", "diff.x.textconv", "filter.x.clean", "filter.x.smudge", "filter.x.process",
		"credential.helper", "gpg.program", "gpg.ssh.program", "alias.ls-files", "pager.log", "pager.ls-files",
	} {
		t.Run(key, func(t *testing.T) {
			b := newRepo(t)
			b.write(".gitattributes", "* diff=x filter=x\n")
			b.write("a.txt", "content of a file\n")
			head := b.commit()
			object := b.git("rev-parse", "HEAD:a.txt")
			program, mark := b.trap()
			value := program
			if strings.HasPrefix(key, "alias") {
				value = "!" + program
			}
			b.git("config", key, value)
			b.git("config", "filter.x.required", "true")
			b.git("config", "log.showSignature", "true")
			sign(b)
			everything(t, b.open(), head, object)
			if ran(mark) {
				t.Errorf("%s ran a program", key)
			}
		})
	}
}

func sign(b *bench) {
	raw := b.git("cat-file", "commit", "HEAD")
	head, message, _ := strings.Cut(raw, "\n\n")
	signed := head + "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n\n" + message + "\n"
	path := filepath.Join(b.t.TempDir(), "commit")
	if err := os.WriteFile(path, []byte(signed), 0o644); err != nil {
		b.t.Fatal(err)
	}
	id := b.git("hash-object", "-t", "commit", "-w", path)
	b.git("update-ref", "refs/heads/main", id)
}

func TestShowSignatureDoesNotSpoilWhere(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "content of a file\n")
	b.commit()
	object := b.git("rev-parse", "HEAD:a.txt")
	sign(b)
	head := b.git("rev-parse", "HEAD")
	b.git("config", "log.showSignature", "true")
	commit, path, err := b.open().Where(t.Context(), object)
	if err != nil || commit != head || path != "a.txt" {
		t.Errorf("got %q %q %v", commit, path, err)
	}
}

func TestPlantedBareRepository(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "content of a file\n")
	head := b.commit()
	program, mark := b.trap()
	b.write("sub/HEAD", "ref: refs/heads/main\n")
	b.write("sub/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n\tfsmonitor = "+program+"\n")
	b.write("sub/objects/x", "")
	b.write("sub/refs/x", "")
	r, err := Open(filepath.Join(b.root, "sub"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Root() != b.root {
		t.Errorf("the root is %s", r.Root())
	}
	everything(t, r, head, b.git("rev-parse", "HEAD:a.txt"))
	if ran(mark) {
		t.Error("the planted repository ran a program")
	}
}

func TestEnvironmentDoesNotReachGit(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "content of a file\n")
	head := b.commit()
	other := newRepo(t)
	program, mark := b.trap()
	t.Setenv("GIT_DIR", filepath.Join(other.root, ".git"))
	t.Setenv("GIT_INDEX_FILE", "/nowhere")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
	t.Setenv("GIT_CONFIG_VALUE_0", program)
	t.Setenv("GIT_EXTERNAL_DIFF", program)
	got, err := b.open().Head(t.Context())
	if err != nil || got != head || ran(mark) {
		t.Errorf("got %q, %v, ran %v", got, err, ran(mark))
	}
}
