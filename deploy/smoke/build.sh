#!/usr/bin/env bash
# Builds the images of the cpu profile, with this machine's pip settings where the engine is podman.
# ATTUNE_BUILD_MOUNTS: further folders or files (SOURCE:TARGET:ro, space separated) that a build may read.
set -euo pipefail
cd "$(dirname "$0")/../.."

engine=${1:?usage: deploy/smoke/build.sh docker|podman [IMAGE ...]}
shift
[ $# -gt 0 ] || set -- edge threshold vlm alerts
arguments=()
if [ "$engine" = podman ]; then
  folder=$(mktemp -d)
  trap 'rm -r "$folder"' EXIT
  arguments=(--network host --pull=missing --format docker --volume "$folder/pip.conf:/etc/pip.conf:ro")
  while read -r path; do
    arguments+=(--volume "$path:$path:ro")
  done < <("${PYTHON:-python3}" deploy/smoke/pip_settings.py "$folder/pip.conf" | sort -u)
  for mount in ${ATTUNE_BUILD_MOUNTS:-}; do
    arguments+=(--volume "$mount")
  done
fi
for image in "$@"; do
  echo "== attune/$image"
  "$engine" build --quiet "${arguments[@]}" --file "deploy/images/$image.Dockerfile" --tag "attune/$image:local" .
done
