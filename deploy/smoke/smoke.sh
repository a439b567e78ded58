#!/usr/bin/env bash
# Builds the images, brings the cpu profile up with a simulated edge, and waits until a webhook receiver in its network
# has verified an alert. Prints what happened; exits non-zero when none came. Needs docker, or podman and podman-compose.
set -euo pipefail
cd "$(dirname "$0")/../.."

patience_s=${ATTUNE_SMOKE_PATIENCE_S:-300}
services=(postgres redis receiver vlm threshold alerts console edge)
export COMPOSE_PROJECT_NAME=attune-smoke
export ATTUNE_EDGE_CONFIG=./deploy/smoke/edge.toml
ATTUNE_SMOKE_SECRET=whsec_$(head -c 32 /dev/urandom | base64 -w0)
export ATTUNE_SMOKE_SECRET

find_engine() {
  if docker info >/dev/null 2>&1; then
    engine=docker compose=(docker compose)
  elif command -v podman >/dev/null && command -v podman-compose >/dev/null; then
    engine=podman compose=(podman-compose)
  else
    echo "needs a running docker, or podman and podman-compose ('apt-get install podman'; podman-compose is in .venv)" >&2
    exit 1
  fi
  compose+=(--file docker-compose.yml --file deploy/smoke/compose.yml --profile cpu)
}

find_base_images() {
  local image
  [ "$engine" = podman ] || return 0
  for image in python:3.11-slim redis:7 postgres:17; do
    podman image exists "docker.io/library/$image" || podman pull --quiet "docker.io/library/$image" >/dev/null || {
      echo "cannot pull $image; where no image registry can be reached, run deploy/smoke/standins.sh once" >&2
      exit 1
    }
  done
}

up() {
  if [ "$engine" = docker ]; then
    "${compose[@]}" up --detach --no-build
    return
  fi
  # podman-compose turns depends_on into --requires, and podman restarts no container whose requirement (keys) has
  # ended: so keys comes first, and then the others without.
  {
    "${compose[@]}" up --detach --no-build keys
    podman wait "${COMPOSE_PROJECT_NAME}_keys_1"
    "${compose[@]}" up --detach --no-build --no-deps "${services[@]}"
  } 2>&1 | grep -vE 'healthcheck|syslog|^[0-9a-f]{64}$'
}

down() {
  "${compose[@]}" down --volumes >/dev/null 2>&1 || true
}

fail() {
  echo "== not verified: $1" >&2
  "${compose[@]}" ps || true
  for service in keys "${services[@]}"; do
    echo "---- $service" >&2
    "${compose[@]}" logs "$service" 2>&1 | tail -n 15 >&2 || true
  done
  exit 1
}

# Asked from inside the network, since nothing but the page and the gRPC door is published.
received() {
  "${compose[@]}" exec -T receiver cat /var/lib/attune/received.jsonl 2>/dev/null || true
}

find_engine
find_base_images
echo "== building with $engine"
deploy/smoke/build.sh "$engine"
trap down EXIT
down
echo "== starting the cpu profile"
started=$SECONDS
up
while :; do
  alerts=$(received)
  if grep -q '"verified": *true' <<<"$alerts"; then
    break
  fi
  [ $((SECONDS - started)) -lt "$patience_s" ] || fail "no alert with a good signature within $patience_s s"
  sleep 2
done
echo "== an alert was delivered and its signature verified $((SECONDS - started)) s after the start"
grep -m1 '"verified": *true' <<<"$alerts"
"${compose[@]}" ps
curl --fail --silent --show-error --max-time 5 --output /dev/null --write-out '== the page answers %{http_code}\n' http://127.0.0.1:7080/
