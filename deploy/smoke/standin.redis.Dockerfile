# Stand-in for redis:7 where no image registry can be reached; for the smoke test only.
FROM python:3.11-slim
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
# hadolint ignore=DL3066
USER redis
WORKDIR /var/lib/redis
CMD ["redis-server"]
