# Two stages: the toolchain builds, a slim Debian runs. One image serves every role; the command chooses it.
FROM swift:6.3-bookworm AS build
WORKDIR /src
# The build's system packages; the script names them once for every way to build.
COPY scripts/setup scripts/setup
RUN scripts/setup run && rm -rf /var/lib/apt/lists/*
# Dependencies first: they change seldom, and this layer is kept while they do not.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
# Not built, but the package names them.
COPY Tests Tests
COPY Benchmarks Benchmarks
COPY docs/openapi.yaml docs/openapi.yaml
RUN swift build -c release --product onefold-parser --static-swift-stdlib \
    && swift build -c release --product onefold --static-swift-stdlib \
    && strip --strip-debug -o /onefold .build/release/onefold \
    && strip --strip-debug -o /onefold-parser .build/release/onefold-parser
COPY dashboard dashboard
RUN dashboard/build

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libarchive13 libcrypt1 libhiredis0.14 liblz4-1 libpoppler-glib8 libpq5 libseccomp2 libssl3 libvips42 libxml2 libzstd1 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/onefold --create-home onefold \
    # A volume takes over the owner of what it covers.
    && install -d -o onefold -m 0700 /var/lib/onefold/blobs /var/lib/onefold/seals
COPY --from=build /onefold /onefold-parser /usr/local/bin/
COPY --from=build /src/dashboard/dist /usr/local/share/onefold/dashboard
COPY migrations /usr/local/share/onefold/migrations
USER onefold
WORKDIR /var/lib/onefold
VOLUME ["/var/lib/onefold/blobs", "/var/lib/onefold/seals"]
ENV ONEFOLD_BLOBS_DIR=/var/lib/onefold/blobs \
    ONEFOLD_HOST=0.0.0.0 \
    ONEFOLD_LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["onefold"]
CMD ["serve"]
