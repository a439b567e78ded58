#!/usr/bin/env bash
# Where no image registry can be reached: builds stand-ins for python:3.11-slim, redis:7 and postgres:17 from Debian
# packages and this machine's Python 3.11, for podman, as root. For the smoke test only; never for a facility.
set -euo pipefail
cd "$(dirname "$0")"

python_standin() {
  local root prefix
  root=$(mktemp -d)
  prefix=$(python3.11 -c 'import sys; print(sys.base_prefix)')
  debootstrap --variant=minbase \
    --include=ca-certificates,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8 bookworm "$root" >/dev/null
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/python3.11/site-packages"
  cp -a "$prefix/bin/python3.11" "$root/usr/local/bin/"
  ln -sf python3.11 "$root/usr/local/bin/python3"
  ln -sf python3.11 "$root/usr/local/bin/python"
  cp -a "$prefix"/lib/libpython3* "$root/usr/local/lib/" 2>/dev/null || true
  tar -C "$prefix/lib" --exclude=site-packages --exclude=test --exclude=__pycache__ -c python3.11 | tar -C "$root/usr/local/lib" -x
  chroot "$root" /sbin/ldconfig
  chroot "$root" /usr/local/bin/python3.11 -m ensurepip >/dev/null
  ln -sf pip3 "$root/usr/local/bin/pip"
  tar -C "$root" -c . | podman import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$1"
  rm -rf --one-file-system "$root"
}

server_standin() {
  podman build --quiet --pull=never --format docker --network host --file "standin.$1.Dockerfile" --tag "$2" .
}

command -v podman debootstrap >/dev/null || {
  echo "needs the packages podman and debootstrap" >&2
  exit 1
}
for image in python:3.11-slim redis:7 postgres:17; do
  podman image exists "docker.io/library/$image" && continue
  echo "== stand-in for $image"
  case $image in
    python:*) python_standin "docker.io/library/$image" ;;
    *) server_standin "${image%%:*}" "docker.io/library/$image" ;;
  esac
done
