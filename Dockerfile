# The image: one static binary on distroless, as user 65532.
#
#   docker build -t llm-arena .                                  (the 20.10 engine: DOCKER_BUILDKIT=1 docker build ...)
#   docker run --rm -p 127.0.0.1:8080:8080 -e ARENA_LOCAL_CHANNEL=on llm-arena
#
# No syntax line, here-document or COPY --link: the engine of Debian 12 builds this as it is. `.ci/container` builds
# it and tries what is promised of it. For a shell beside the binary: --build-arg BASE=...:debug-nonroot.
#
# The base holds certificates, time zones and a user. Next to distroless cc it lacks the C library and OpenSSL, 24 MB of
# which this binary would use the first alone: it is linked in (glibc looks names up in /etc/hosts and DNS without a
# library of its own since 2.34). What that costs: a hole in glibc is mended by building anew, and no scanner sees it.
ARG BASE=gcr.io/distroless/static-debian13:nonroot

FROM rust:1.95-slim-trixie AS build
# writes the list of crates into the binary, where scanners find it; a layer of its own, since it hardly ever changes
ARG CARGO_AUDITABLE=0.7.7
RUN --mount=type=cache,id=llm-arena-registry,target=/usr/local/cargo/registry \
    cargo install --locked cargo-auditable@$CARGO_AUDITABLE
WORKDIR /src
COPY . .
# Cargo goes by time stamps, and those of an archive or an older checkout may lie before the cached build: without the
# touch that build would be taken for this one.
RUN --mount=type=cache,id=llm-arena-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=llm-arena-target,target=/src/target \
    touch src/lib.rs src/main.rs \
    && host=$(rustc --print host-tuple) \
    # a target is named so that the flag is for the binary alone, and not for what runs while it is built
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
# a named volume takes its owner from the folder it is mounted over: without this it would belong to root
COPY --from=build --chown=65532:65532 /image/data /data
ENV ARENA_LISTEN=0.0.0.0:8080 ARENA_DATA=/data
EXPOSE 8080
# as a number, for Kubernetes: runAsNonRoot cannot tell who a name is
USER 65532:65532
# the service ends well on SIGTERM and on SIGINT: it handles both itself and has no children, so no init is needed
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/llm-arena", "healthcheck"]
ENTRYPOINT ["/llm-arena"]
# last, since they differ in every build
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
