# The scoreboard, small and without rights: not root, nothing to write but /data, nothing to build with.
# Whoever mirrors images or pins by digest: docker build --build-arg BASE=NAME@sha256:DIGEST .
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm

FROM ${BASE} AS packages
COPY requirements.txt /requirements.txt
# Without pip in it: what runs needs none, and whoever breaks in finds none.
RUN python3 -m venv --without-pip /venv \
 && python3 -m pip --python /venv/bin/python3 install --no-cache-dir --only-binary :all: --require-hashes -r /requirements.txt

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN install -d -o 10001 -g 10001 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py ./
COPY scoreboard_project scoreboard_project
COPY audit audit
COPY scores scores
COPY templates templates
COPY static static
# Static files are collected here too: hashed, minified, compressed. The secrets that development makes for it are not kept.
RUN DEBUG=1 python3 manage.py collectstatic --noinput --ignore 'redoc*' --verbosity 0 && rm -rf var
# A clone that was made under a strict umask is readable here all the same. Compiled now, because nothing can be written where it runs.
RUN chmod -R a+rX . && python3 -m compileall -q .
USER 10001:10001
EXPOSE 8000
# Migrations are a step of their own: docker run IMAGE migrate.
ENTRYPOINT ["python3", "manage.py"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
