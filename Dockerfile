# One image for every role: which process a container is, its command says, e.g. `conversion_tracker fold attribute`.
# docker-compose.yml lists them all and checks their health.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# What others wrote changes seldom: layers of its own, and every file is held against its hash.
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/referral \
 && /opt/referral/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
# The build backend and what it needs, out of the lock that has them, in an environment that the image does not get.
RUN awk '/^[a-z]/ {wanted = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} wanted' requirements-dev.lock >build.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r build.lock
COPY shared shared
COPY services services
COPY tools tools
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels ./shared ./services/* ./tools \
 && /opt/referral/bin/pip install --no-deps --no-index wheels/*.whl

FROM python:3.11-slim-bookworm
# Posters are drawn with the machine's fonts, in Chinese and in Latin letters.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fontconfig fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
# The number is the same everywhere, so that a volume or a policy can name it. Nothing belongs to this user: it only reads.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin referral
COPY --from=build /opt/referral /opt/referral
WORKDIR /srv/referral
COPY examples examples
ENV PATH=/opt/referral/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
# Python becomes process 1 and gets SIGTERM itself. A container keeps its host name when it is stopped or killed and started, so a
# fold comes back into the slot it had; two containers of one fold never share one.
ENTRYPOINT ["/bin/sh", "-c", "REFERRAL_WORKER=${REFERRAL_WORKER:-$HOSTNAME} exec python -m \"$@\"", "referral"]
