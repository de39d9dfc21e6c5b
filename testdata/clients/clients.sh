#!/usr/bin/env bash
# Runs the clients in this folder against the GitHub API at GITHUB_API_URL, with
# GITHUB_TOKEN, APP_ID and APP_PRIVATE_KEY. They are installed, in the versions
# that are pinned here, into the folder that the first argument names.
#
# `make test-clients` runs it with the emulated GitHub.
set -euo pipefail
: "${1:?the folder to install into}"
: "${GITHUB_API_URL:?}" "${GITHUB_TOKEN:?}" "${APP_ID:?}" "${APP_PRIVATE_KEY:?}"
here=$(cd "$(dirname "$0")" && pwd)

cd "$1"
cp "$here"/package.json "$here"/package-lock.json "$here"/octokit.mjs .
npm ci --silent --no-audit --no-fund --ignore-scripts
node octokit.mjs

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
venv/bin/python "$here/pygithub.py"
