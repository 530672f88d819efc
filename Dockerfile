# Builds the release binary and puts it alone into an image without a shell, run by a non-root user.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY data data
COPY docs docs
COPY pages pages
COPY askama.toml ./
# Only the binary is built, but the manifest names the test target's file.
RUN mkdir -p tests/it && touch tests/it/main.rs \
    && RUSTFLAGS="-Cprofile-use=/build/data/release.profdata" cargo build --release --locked --bin model-router \
    && mkdir /empty

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/model-router /usr/local/bin/model-router
# A new volume takes the owner and mode of the directory it covers.
COPY --from=build --chown=nonroot:nonroot --chmod=0700 /empty /data
ENV MODEL_ROUTER_BIND=0.0.0.0:8080 \
    MODEL_ROUTER_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/model-router"]
CMD ["serve"]
