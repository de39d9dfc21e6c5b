#!/usr/bin/env bash
# Runs the Action as GitHub would, end to end: its image is built, and act runs
# workflows that use it, against an emulated GitHub. TestActionUnderAct says
# what is expected.
#
# act, the containers and the emulated GitHub share a network namespace of
# their own, in which there is nothing but loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${ACT:?the path of act}"

if [ "${1:-}" != inside ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	testdata/action/image.sh "$dir/images"
	go test -c -tags act -o "$dir/action.test" ./cmd/keyplumb
	KEYPLUMB_ACTION_DIR="$dir" unshare --net "$0" inside
	exit
fi

dir=$KEYPLUMB_ACTION_DIR
ip link set lo up

# The limits that containers get by default cannot be set where the machine is
# itself a container.
cat >"$dir/containers.conf" <<EOF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
runc = ["$(command -v runc)"]
EOF
CONTAINERS_CONF="$dir/containers.conf" podman --storage-driver vfs \
	--root "$dir/images/root" --runroot "$dir/images/run" \
	system service --time=0 "unix://$dir/podman.sock" >"$dir/podman.log" 2>&1 &
podman_pid=$!
trap 'kill "$podman_pid"' EXIT
for _ in $(seq 50); do
	[ -S "$dir/podman.sock" ] && break
	sleep 0.1
done

cd cmd/keyplumb
DOCKER_HOST="unix://$dir/podman.sock" "$dir/action.test" -test.run '^TestActionUnderAct$' -test.v ||
	{ tail -20 "$dir/podman.log"; exit 1; }
