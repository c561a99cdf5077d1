#!/usr/bin/env bash
# Checks licences, sources, duplicate versions and known defects of all dependencies with cargo-deny, as deny.toml
# says. Without cargo-deny (scripts/setup.sh deny), or without the network that the list of defects comes by, it says
# what was not checked.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    echo "deny: nothing checked: there is no cargo-deny; scripts/setup.sh deny installs it"
    exit 0
fi
cargo deny check licenses sources bans
if timeout 300 cargo deny fetch db; then
    cargo deny check --disable-fetch advisories
else
    echo "deny: advisories not checked: their list cannot be fetched"
fi
