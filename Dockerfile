# One image for every part of cin7-nav; docker-compose.yaml says which program each container runs.
FROM python:3.11.14-slim-bookworm AS packages
WORKDIR /srv/cin7-nav
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv .venv
COPY requirements.txt pyproject.toml README.md LICENSE ./
COPY plugins plugins
# requirements.txt also pins the tools of development: as constraints it pins without installing them.
RUN .venv/bin/pip install --constraint requirements.txt --editable .

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin cin7-nav
WORKDIR /srv/cin7-nav
COPY --from=packages /srv/cin7-nav ./
COPY dags dags
COPY include include
COPY sandbox sandbox
COPY stack stack
# A named volume that is mounted here takes over this owner.
RUN install --directory --owner=cin7-nav --group=cin7-nav --mode=700 var
ENV PATH=/srv/cin7-nav/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
