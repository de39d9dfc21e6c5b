#!/usr/bin/env bash
# Builds the image for the jobs of GitLab CI and tries in it what GitLab's
# runner does in a job's image: testdata/gitlab/image.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/../.."
store=${1:-$PWD/dist/images}
testdata/action/image.sh "$store" gitlab
store=$(realpath "$store")
image=localhost/keyplumb-gitlab:test

# A checkout as the runner leaves it: another user's, in a folder that all may
# write to.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git init --quiet "$work"
cat >"$work/keyplumb.cue" <<-'EOF'
	package keyplumb

	environments: prod: tier: "production"
	sources: ci: kind: "env"
	targets: web: {kind: "gitlab", project: "acme/web", url: "https://gitlab.example.com"}
	secrets: TOKEN: owner: "web"
EOF
chmod -R a+rX "$work"
chmod 777 "$work"

podman() {
	command podman --storage-driver vfs --root "$store/root" --runroot "$store/run" \
		--runtime "$(command -v runc)" --cgroup-manager cgroupfs "$@"
}

run() {
	podman run --rm --interactive --network none --pull never --read-only \
		--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		--volume "$work:/builds/acme/web" "$image" "$@"
}

# What the image says of itself: no entrypoint in the runner's way, no root, and
# nothing in the environment but where programs are.
said=$(podman image inspect --format '{{.Config.User}} {{.Config.Entrypoint}} {{.Config.Env}}' "$image")
[ "$said" = '1000:1000 [] [PATH=/usr/bin]' ] || { echo "the image says: $said"; exit 1; }

# The runner looks for a shell, asks it which user it is, and sends it the
# script on standard input.
run sh -c 'if [ -x /bin/sh ]; then exec /bin/sh; fi' <<-'EOF'
	set -eu
	test "$(id -u):$(id -g)" = 1000:1000
	test "$HOME" = /home/keyplumb
	mkdir -p /tmp/runner && printf x >/tmp/runner/file && chmod 600 /tmp/runner/file
	grep -q x /tmp/runner/file && rm -rf /tmp/runner
	cd /builds/acme/web
	git --version
	git -c safe.directory=/builds/acme/web rev-parse --git-dir
	test -s /etc/ssl/certs/ca-certificates.crt
	keyplumb version
	keyplumb check --report=json=report.json
	test -s report.json
EOF
echo "the image is fit for GitLab's runner"
