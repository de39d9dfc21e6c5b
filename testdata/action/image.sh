#!/usr/bin/env bash
# Builds an image from the Dockerfile in the image store DIR: the Action's, as
# localhost/keyplumb:test, or that of another TARGET, as
# localhost/keyplumb-TARGET:test: testdata/action/image.sh [DIR [TARGET]]
#
# No registry is needed. The Dockerfile's base image is stood in for by an
# empty one into which this machine's own Go, git and libraries are mounted,
# together with its module and build caches.
set -euo pipefail
cd "$(dirname "$0")/../.."
store=${1:-$PWD/dist/images}
mkdir -p "$store"
store=$(realpath "$store")
target=${2:-}

base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
mkdir -p "$base"/{etc,root,tmp,usr}
for link in bin lib lib64 sbin; do
	ln -s "usr/$link" "$base/$link"
done
cat >"$base/Containerfile" <<-'EOF'
	FROM scratch
	COPY . /
	ENV PATH=/usr/local/go/bin:/usr/bin:/bin GOPATH=/go GOTOOLCHAIN=local
EOF

build() {
	buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" bud --isolation chroot "$@"
}

from=$(sed -n 's/^FROM \(golang:[^ ]*\) AS build$/\1/p' Dockerfile)
build --quiet --tag "docker.io/library/$from" --file "$base/Containerfile" "$base"

go mod download
build --quiet --pull=never \
	--volume /usr:/usr:ro \
	--volume /etc/ssl:/etc/ssl:ro \
	--volume "$(go env GOROOT):/usr/local/go:ro" \
	--volume "$(go env GOMODCACHE):/go/pkg/mod" \
	--volume "$(go env GOCACHE):/root/.cache/go-build" \
	${target:+--target "$target"} \
	--tag "localhost/keyplumb${target:+-$target}:test" .
