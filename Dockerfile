# One image for every role: a container's command selects its process, e.g. `conversion_tracker fold attribute`.
# docker-compose.yml lists all of them with their health checks.

# By tag here; a digest may be given instead, see "Pin the images" in docs/running-with-docker.md.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# Dependencies change rarely, so they have layers of their own. Every file is verified against its hash.
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/referral \
 && /opt/referral/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
# The build backend and its dependencies, from the development lock, in an environment that is not part of the final image.
RUN awk '/^[a-z]/ {wanted = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} wanted' requirements-dev.lock >build.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r build.lock
COPY shared shared
COPY services services
COPY tools tools
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels ./shared ./services/* ./tools \
 && /opt/referral/bin/pip install --no-deps --no-index wheels/*.whl

FROM ${PYTHON_IMAGE}
# Posters are drawn with system fonts: Chinese and Latin, and most other scripts for people's names.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fontconfig fonts-noto-cjk fonts-noto-core \
 && rm -rf /var/lib/apt/lists/*
# A fixed user id, so that volumes and policies can name it. This user owns no files and only reads.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin referral
COPY --from=build /opt/referral /opt/referral
WORKDIR /srv/referral
COPY examples examples
ENV PATH=/opt/referral/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
# Python becomes process 1 and gets SIGTERM itself. A container keeps its host name through stop, kill and start, so a
# fold worker resumes the slot it had; two containers of one fold never share a slot.
ENTRYPOINT ["/bin/sh", "-c", "REFERRAL_WORKER=${REFERRAL_WORKER:-$HOSTNAME} exec python -m \"$@\"", "referral"]
