# The image: one static binary on distroless, as user 65532.
#
#   docker build -t llm-arena .                                  (the 20.10 engine: DOCKER_BUILDKIT=1 docker build ...)
#   docker run --rm -p 127.0.0.1:8080:8080 -e ARENA_LOCAL_CHANNEL=on llm-arena
#
# No syntax line, here-document or COPY --link, so that the engine of Debian 12 can build it. `.ci/container` builds the
# image and checks it. For an image with a shell: --build-arg BASE=...:debug-nonroot.
#
# The base contains certificates, time zones and a user. Unlike distroless cc it lacks the C library and OpenSSL, 24 MB
# together. The binary needs only the C library, which is linked statically (since 2.34, glibc resolves names from
# /etc/hosts and DNS without loading a library). The cost: fixing a vulnerability in glibc needs a rebuild, and scanners
# don't see it.
ARG BASE=gcr.io/distroless/static-debian13:nonroot

FROM rust:1.95-slim-trixie AS build
# embeds the list of crates in the binary, for scanners; a separate layer, since it rarely changes
ARG CARGO_AUDITABLE=0.7.7
RUN --mount=type=cache,id=llm-arena-registry,target=/usr/local/cargo/registry \
    cargo install --locked cargo-auditable@$CARGO_AUDITABLE
WORKDIR /src
COPY . .
# Cargo compares timestamps, and those of an archive or an older checkout may be older than the cached build. Without the
# touch, Cargo would reuse that build.
RUN --mount=type=cache,id=llm-arena-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=llm-arena-target,target=/src/target \
    touch src/lib.rs src/main.rs \
    && host=$(rustc --print host-tuple) \
    # with an explicit target the flag applies only to the binary, not to build scripts and procedural macros
    && RUSTFLAGS="-C target-feature=+crt-static" cargo auditable build --locked --profile dist --target "$host" \
    && mkdir -p /image/data /image/licenses \
    && cp "target/$host/dist/llm-arena" /image/ \
    && cp LICENSE /image/licenses/llm-arena.txt \
    && cp assets/fonts/OFL.txt /image/licenses/fonts.txt \
    && cp assets/icons/OFL.txt /image/licenses/icons.txt \
    && cp assets/vocabulary/LICENSE.txt /image/licenses/vocabulary.txt

FROM $BASE
COPY --from=build /image/licenses /usr/share/doc/llm-arena
COPY --from=build /image/llm-arena /llm-arena
# a named volume gets its owner from the folder it is mounted over; without this, root would own it
COPY --from=build --chown=65532:65532 /image/data /data
ENV ARENA_LISTEN=0.0.0.0:8080 ARENA_DATA=/data
EXPOSE 8080
# numeric, because runAsNonRoot in Kubernetes cannot resolve names
USER 65532:65532
# the service handles SIGTERM and SIGINT itself and has no child processes, so no init is needed
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/llm-arena", "healthcheck"]
ENTRYPOINT ["/llm-arena"]
# last, because they differ in every build
ARG VERSION=unreleased
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="LLM Arena" \
      org.opencontainers.image.description="Language models race in one chat message: live answers, honest tokens \
per second, a chart at the end" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"
