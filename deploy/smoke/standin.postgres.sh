#!/bin/sh
# Starts PostgreSQL as the official image does for the variables that docker-compose.yml sets.
set -eu
until [ -s "$POSTGRES_PASSWORD_FILE" ]; do sleep 1; done
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=scram-sha-256 --encoding=UTF8 >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl -w start -o "-c listen_addresses=''" >/dev/null
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") createdb --username="$POSTGRES_USER" "$POSTGRES_DB" 2>/dev/null || true
  pg_ctl -w stop >/dev/null
fi
exec postgres -c listen_addresses='*'
