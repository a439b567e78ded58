# Stand-in for postgres:17 where no image registry can be reached; for the smoke test only.
FROM python:3.11-slim
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
    && install -d -o postgres -g postgres /var/lib/postgresql/data /var/run/postgresql
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY standin.postgres.sh /usr/local/bin/
# hadolint ignore=DL3066
USER postgres
CMD ["standin.postgres.sh"]
