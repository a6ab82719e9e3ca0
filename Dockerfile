# Wheels are installed in the first stage, the last holds only what runs. The base can be swapped at build time; its
# Debian's pg_dump must not be older than the postgres service's server.
ARG BASE=python:3.12-slim-trixie

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.txt requirements-local.txt /tmp/
# The image carries the sandbox too (profile "demo"), but none of the server wheels that `make run` uses.
RUN python3 -m venv /venv \
 && /venv/bin/pip install --no-compile -r /tmp/requirements.txt \
 && grep -iE '^(flask|aiosmtpd)==' /tmp/requirements-local.txt > /tmp/sandbox.txt \
 && /venv/bin/pip install --no-compile -c /tmp/requirements-local.txt -r /tmp/sandbox.txt \
 && /venv/bin/pip uninstall --yes setuptools pip \
 && python3 -m compileall -q -j 0 /venv/lib
COPY . /app
WORKDIR /app
RUN DEMO=1 /venv/bin/python manage.py collectstatic --noinput -v 0 \
 && /venv/bin/python -m local.messages \
 && rm -rf local \
 && /venv/bin/python -m compileall -q /app \
 && chmod -R u=rwX,go=rX /app

# pg_dump and pg_restore for `manage.py backup` and `restore`: the two programs and the libraries that the base lacks,
# without the hundred megabytes that their package wants besides.
FROM ${BASE} AS postgres-client
RUN find /usr/lib -name '*.so*' | sort > /before \
 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-client \
 && mkdir -p /client/usr/bin && cp /usr/lib/postgresql/*/bin/pg_dump /usr/lib/postgresql/*/bin/pg_restore /client/usr/bin/ \
 && ldd /client/usr/bin/* | awk '$3 ~ "^/" { print $3 }' | sort -u | while read -r library; do \
      path="$(readlink -f "$(dirname "$library")")/$(basename "$library")"; \
      grep -qxF "$path" /before || { mkdir -p "/client$(dirname "$path")" && cp -L "$path" "/client$path"; }; \
    done

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PROMETHEUS_MULTIPROC_DIR=/metrics
RUN groupadd --gid 10001 shop && useradd --uid 10001 --gid shop --no-create-home --home-dir /tmp shop \
 && mkdir /metrics /data && chown shop:shop /metrics /data
COPY --from=postgres-client /client /
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER shop
EXPOSE 8000
CMD ["gunicorn", "--config", "photoorders/gunicorn.py", "photoorders.wsgi:application"]
