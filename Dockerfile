ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11
ARG NODE_IMAGE=node:24-bookworm-slim

# --- The sandbox's DynamoDB (docker compose --profile sandbox) -------------------------
FROM ${NODE_IMAGE} AS dynalite
WORKDIR /srv/dynalite
COPY package.json package-lock.json .npmrc ./
RUN npm ci && install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 8000
CMD ["node", "node_modules/dynalite/cli.js", "--host", "0.0.0.0", "--port", "8000", "--path", "/data", "--createTableMs", "0"]

# --- Airflow with the browser, our packages and our code; the default target -----------
FROM ${BASE_IMAGE} AS airflow

USER root
# fonts-nanum: Korean letters in the screenshots of a failed login.
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium chromium-driver fonts-nanum \
    && rm -rf /var/lib/apt/lists/*

USER airflow
WORKDIR /opt/airflow
COPY --chown=airflow:0 requirements.txt requirements-bootstrap.txt requirements.lock ./
# The lock is the constraint and brings the hashes: only what requirements.txt asks for is
# installed, not the tools of the sandbox and the tests. Celery, PostgreSQL and Redis clients
# are those of the base image.
RUN python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.txt \
    && uv pip install --no-cache --require-hashes --compile-bytecode \
        -r requirements.txt -c requirements.lock

COPY --chown=airflow:0 pyproject.toml README.md ./
COPY --chown=airflow:0 include include
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 monitoring monitoring
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable . \
    && python -c "import booking_sms; from airflow.providers.celery.executors import celery_executor"

ENV SE_OFFLINE=true SE_AVOID_STATS=true GX_ANALYTICS_ENABLED=false
