# The build runs on the toolchain's Debian 12 image; the result holds the two programs and their runtime libraries only.
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
        libcurl4-openssl-dev libssl-dev zlib1g-dev libyaml-dev libevent-dev libisal-dev libre2-dev libsodium-dev \
        pkg-config make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift Makefile ./
COPY scripts scripts
COPY Sources Sources
COPY Tests Tests
RUN make release \
    && install -D -s -t /out .build/release/source-controller .build/release/sourcectl

FROM debian:12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends \
        ca-certificates libcurl4 libssl3 zlib1g libyaml-0-2 libevent-core-2.1-7 libisal2 libre2-9 \
        libsodium23 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*
COPY --from=build /out/ /usr/local/bin/
COPY LICENSE /licenses/LICENSE
# Nothing but the store and /tmp is written to: run with a read-only root file system.
VOLUME ["/data", "/tmp"]
USER 65534:65534
EXPOSE 9090 8080 9440
ENTRYPOINT ["/usr/local/bin/source-controller"]
