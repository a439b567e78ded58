#!/usr/bin/env bash
# Checks what a fresh machine needs before `make setup` installs anything, and prints the Python it found.
# Each missing thing is one line on stderr that names the package to install; the exit status is then 1.
set -uo pipefail

need_gib=${ATTUNE_SETUP_NEED_GIB:-4}
folder=${1:-.}
missing=0

say() {
  echo "attune setup: $*" >&2
  missing=1
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.12 python3.11 python3; do
    command -v "${candidate:-no-candidate}" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null || continue
    command -v "$candidate"
    return 0
  done
  return 1
}

check_python() {
  if ! python=$(find_python); then
    say "no Python 3.11 or 3.12 found. Install one: 'apt-get install python3.11 python3.11-venv' (Debian, Ubuntu)," \
      "'dnf install python3.12' (Fedora), 'brew install python@3.12' (macOS), or name it: 'make setup PYTHON=/path/to/python3.11'"
    return
  fi
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "$python cannot make virtual environments. Install the package 'python$version-venv'"
  fi
}

check_make() {
  command -v make >/dev/null 2>&1 || say "'make' is not installed. Install the package 'make'"
}

# A virtual environment that is already there holds most of what the disk is needed for.
check_disk() {
  [ -e "$folder/.venv/.attune-setup" ] && return
  local free_kib
  free_kib=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
  if [ "${free_kib:-0}" -lt $((need_gib * 1024 * 1024)) ]; then
    say "only $((free_kib / 1024)) MiB free in $(cd "$folder" && pwd), $need_gib GiB are needed. Free some disk space or clone elsewhere"
  fi
}

python=
check_python
check_make
check_disk
[ "$missing" -eq 0 ] || exit 1
echo "$python"
