# The second opinion: speaks to vLLM over HTTP, or reasons by rules. vLLM itself is an image of its own.
# The generated protocol and this project's name and version, as one small wheel.
FROM python:3.11-slim AS wire
WORKDIR /app
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY proto proto
RUN python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. proto/attune_wire/v1/*.proto \
    && touch attune_wire/__init__.py attune_wire/v1/__init__.py
COPY pyproject.toml README.md LICENSE ./
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim AS packages
COPY requirements/vlm.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt
COPY --from=wire /wheels /wheels
RUN /venv/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home attune \
    && install -d -o attune -g attune /var/lib/attune /var/lib/attune/adapters /run/attune
COPY --from=packages /venv /venv
COPY deploy/assets.toml /app/deploy/
COPY services/__init__.py /app/services/
COPY services/vocabulary /app/services/vocabulary
COPY services/runtime /app/services/runtime
COPY services/cli /app/services/cli
COPY services/ledger /app/services/ledger
COPY services/evaluation /app/services/evaluation
COPY vlm_service /app/vlm_service
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ATTUNE_ASSET_CACHE=/var/lib/attune/assets
USER 10001
WORKDIR /var/lib/attune
CMD ["python", "-m", "vlm_service"]
