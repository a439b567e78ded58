# An edge agent with an NVIDIA GPU: onnxruntime-gpu with the CUDA 13 libraries from its own lock; needs driver 580 or newer.
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
COPY requirements/edge-gpu.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt
COPY --from=wire /wheels /wheels
RUN /venv/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home attune \
    && install -d -o attune -g attune /var/lib/attune /run/attune
COPY --from=packages /venv /venv
COPY deploy/assets.toml /app/deploy/
COPY services/__init__.py /app/services/
COPY services/vocabulary /app/services/vocabulary
COPY services/runtime /app/services/runtime
COPY services/simulator /app/services/simulator
COPY services/cli /app/services/cli
COPY edge_agent /app/edge_agent
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ORT_DISABLE_TELEMETRY=1 \
    ATTUNE_ASSET_CACHE=/var/lib/attune/assets NUMBA_CACHE_DIR=/tmp/numba \
    LD_LIBRARY_PATH=/venv/lib/python3.11/site-packages/nvidia/cu13/lib:/venv/lib/python3.11/site-packages/nvidia/cudnn/lib
USER 10001
WORKDIR /var/lib/attune
CMD ["python", "-m", "edge_agent"]
