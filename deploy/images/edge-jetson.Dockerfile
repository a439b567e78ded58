# An edge agent on an NVIDIA Jetson. Linted only: not yet tested on hardware.
#
# There is no official onnxruntime-gpu wheel for every JetPack, so it is handed in with its digest, and the base is the
# image with CUDA, cuDNN, TensorRT and Python 3.11 or 3.12 that fits the JetPack of the device:
#   docker build -f deploy/images/edge-jetson.Dockerfile --build-arg BASE=... --build-arg ORT_SHA256=... \
#     --build-context wheels=FOLDER_WITH_THE_WHEEL -t attune/edge-jetson .
ARG BASE
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

# hadolint ignore=DL3006
FROM ${BASE}
ARG ORT_SHA256
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
COPY requirements/edge.txt deploy/images/without.py /tmp/requirements/
# hadolint ignore=DL3022
COPY --from=wheels *.whl /tmp/wheels/
COPY --from=wire /wheels /tmp/wire
RUN echo "${ORT_SHA256}  $(echo /tmp/wheels/*.whl)" | sha256sum -c - \
    && python3 -m venv /venv \
    && python3 /tmp/requirements/without.py onnxruntime </tmp/requirements/edge.txt >/tmp/requirements/jetson.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements/jetson.txt \
    && /venv/bin/pip install --no-cache-dir --no-deps /tmp/wheels/*.whl /tmp/wire/*.whl \
    && rm -r /tmp/wheels /tmp/wire /tmp/requirements \
    && useradd --uid 10001 --create-home attune \
    && install -d -o attune -g attune /var/lib/attune /run/attune
COPY deploy/assets.toml /app/deploy/
COPY services/__init__.py /app/services/
COPY services/vocabulary /app/services/vocabulary
COPY services/runtime /app/services/runtime
COPY services/simulator /app/services/simulator
COPY services/cli /app/services/cli
COPY edge_agent /app/edge_agent
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ORT_DISABLE_TELEMETRY=1 \
    ATTUNE_ASSET_CACHE=/var/lib/attune/assets NUMBA_CACHE_DIR=/tmp/numba
USER 10001
WORKDIR /var/lib/attune
CMD ["python", "-m", "edge_agent"]
