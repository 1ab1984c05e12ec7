# syntax=docker/dockerfile:1
# Hearken's page and HTTP API in a container. See compose.yaml for how it is meant to be run.
#
#   docker build -t hearken .
#   docker run --rm -v /path/to/sounds:/sounds:ro -v hearken:/library hearken index /sounds
#   docker run --rm -p 127.0.0.1:8642:8642 -v /path/to/sounds:/sounds:ro -v hearken:/library hearken
#
# The address with the token that a browser needs is printed at the start.

FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY hearken ./hearken
# Into an environment of its own, which the last stage takes over; pip and its cache stay behind.
RUN python -m venv /opt/hearken \
    && /opt/hearken/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[serve,mcp]"

FROM python:3.12-slim
# Nobody in particular: the user needs no home, no shell and no password, and may write to the library alone.
RUN groupadd --system --gid 10001 hearken \
    && useradd --system --uid 10001 --gid hearken --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hearken \
    && install --directory --owner=hearken --group=hearken --mode=0750 /library \
    && mkdir /sounds
COPY --from=build /opt/hearken /opt/hearken
ENV PATH="/opt/hearken/bin:$PATH" \
    HEARKEN_HOME=/library \
    HEARKEN_CONFIG=/library/config \
    HEARKEN_MODELS=/library/models \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME ["/library"]
EXPOSE 8642
# A container's own loopback is reachable by nobody, so it listens on all its addresses, and that takes a token.
ENTRYPOINT ["hearken"]
CMD ["serve", "--host", "0.0.0.0", "--no-open", "--root", "/sounds"]
