# One image for every command of `smartcity`. The version is the project's; pin it further by digest as
# docker-compose.yml says.
FROM python:3.13.14-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_PYTHON=/opt/smartcity/bin/python
RUN python -m venv --without-pip /opt/smartcity
COPY requirements.lock /src/
RUN pip install --only-binary :all: --require-hashes -r /src/requirements.lock
COPY . /src/
RUN pip install --no-deps --no-build-isolation /src

FROM python:3.13.14-slim-trixie

LABEL org.opencontainers.image.title="Open Smart City sensors" \
      org.opencontainers.image.description="LoRaWAN and MQTT payloads of bin and soil sensors: kept, decoded, stored, published as open data." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

# The user's number is fixed: volumes and the group that Grafana joins depend on it. New volumes take the owner of
# these folders.
RUN groupadd --gid 10001 smartcity \
 && useradd --uid 10001 --gid smartcity --no-create-home --home-dir /tmp --shell /usr/sbin/nologin smartcity \
 && install -d -o smartcity -g smartcity -m 0750 /data /boards /tokens/write /tokens/read
COPY --from=build /opt/smartcity /opt/smartcity

ENV PATH=/opt/smartcity/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000

# Of `api`; other commands bring their own.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/api/v1/ready', timeout=8)"]
ENTRYPOINT ["smartcity"]
CMD ["--help"]
