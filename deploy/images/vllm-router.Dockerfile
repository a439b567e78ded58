# vLLM's production router: spreads requests of the base model over many servers (deploy/vllm/router.yml).
FROM python:3.11-slim AS packages
COPY requirements/vllm-router.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home attune
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
ENTRYPOINT ["vllm-router"]
