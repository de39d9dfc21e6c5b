#!/usr/bin/env bash
# Runs a client of this folder against an emulated API:
#
#   clients.sh DIR octokit|pygithub             GITHUB_API_URL, GITHUB_TOKEN, APP_ID, APP_PRIVATE_KEY
#   clients.sh DIR gitbeaker|python_gitlab      GITLAB_URL, GITLAB_TOKEN
#   clients.sh DIR gitbeaker|python_gitlab readback PROJECT
#                                               prints the project's variables as sorted lines of JSON
#
#   clients.sh DIR azure_keyvault               AZURE_KEYVAULT_URL, AZURE_AUTHORITY_HOST, AZURE_TENANT_ID, AZURE_CLIENT_ID,
#                                               AZURE_ID_TOKEN, and CLIENTS_CA_BUNDLE for their certificates
#
# The clients are installed, in the versions that are pinned here, into DIR,
# unless they are there.
#
# `make test-clients` runs it with the emulated GitHub, GitLab and Key Vault.
set -euo pipefail
dir=${1:?the folder to install into}
client=${2:?the client to run}
shift 2
here=$(cd "$(dirname "$0")" && pwd)

cd "$dir"
case $client in
octokit | gitbeaker)
  if [[ ! -d node_modules ]]; then
    cp "$here"/package.json "$here"/package-lock.json .
    npm ci --silent --no-audit --no-fund --ignore-scripts
  fi
  cp "$here/$client.mjs" . # Node looks for packages beside the script
  exec node "$client.mjs" "$@"
  ;;
pygithub | python_gitlab | azure_keyvault)
  if [[ ! -d venv ]]; then
    python3 -m venv venv
    venv/bin/pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  fi
  # Only now: pip has servers of its own to believe.
  [[ -z ${CLIENTS_CA_BUNDLE-} ]] || export REQUESTS_CA_BUNDLE=$CLIENTS_CA_BUNDLE
  exec venv/bin/python "$here/$client.py" "$@"
  ;;
*)
  echo "no client $client" >&2
  exit 2
  ;;
esac
