#!/usr/bin/env bash
# Writes requirements/*.txt anew from pyproject.toml: versions and hashes only, one file per image.
set -euo pipefail

uv=${1:?usage: deploy/setup/lock.sh PATH_OF_UV}
compile() {
  local extra=$1
  shift
  echo "requirements/$extra.txt"
  "$uv" pip compile pyproject.toml --extra "$extra" --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o "requirements/$extra.txt" "$@"
}

compile dev --upgrade
for extra in build edge edge-gpu threshold vlm alerts; do
  compile "$extra" --upgrade --constraints requirements/dev.txt
done
if grep -nE '://|^torch' requirements/*.txt; then
  echo "a lock names a host or pulls in torch" >&2
  exit 1
fi
