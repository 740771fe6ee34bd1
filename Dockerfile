# syntax=docker/dockerfile:1.7

# --- dependencies: compiled once, and again only when a manifest or the lock file changes ---
FROM rust:1.95-slim-bookworm AS dependencies
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY domain/Cargo.toml domain/
COPY telemetry/Cargo.toml telemetry/
COPY simulator/Cargo.toml simulator/
COPY storage/Cargo.toml storage/
COPY blocks/Cargo.toml blocks/
COPY integrations/Cargo.toml integrations/
COPY policy/Cargo.toml policy/
COPY jobs/Cargo.toml jobs/
COPY knowledge/Cargo.toml knowledge/
COPY charts/Cargo.toml charts/
COPY export/Cargo.toml export/
COPY commands/Cargo.toml commands/
COPY bot/Cargo.toml bot/
COPY tests/Cargo.toml tests/
# Empty crates in the place of ours, so that cargo has everything but our code to compile.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    for crate in */; do mkdir -p "$crate/src" && touch "$crate/src/lib.rs"; done \
    && mkdir -p tests/e2e && for main in bot/src tests/e2e; do echo 'fn main() {}' > "$main/main.rs"; done \
    && cargo build --release --locked --package em-bot

# --- build: our own crates ---
FROM dependencies AS build
COPY migrations/ migrations/
COPY manifest.yaml README.md ./
# the demo answers from these, and tests read them
COPY docs/ docs/
COPY domain/ domain/
COPY telemetry/ telemetry/
COPY simulator/ simulator/
COPY storage/ storage/
COPY blocks/ blocks/
COPY integrations/ integrations/
COPY policy/ policy/
COPY jobs/ jobs/
COPY knowledge/ knowledge/
COPY charts/ charts/
COPY export/ export/
COPY commands/ commands/
COPY bot/ bot/
COPY tests/ tests/
# Copied files keep the time of the checkout, which may be before that of the empty crates; cargo goes by time.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    find . -path ./target -prune -o -type f -exec touch {} + \
    && cargo build --release --locked --package em-bot --bin em-agent

# --- runtime: the binary, certificates, a user without rights ---
FROM debian:bookworm-slim AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /src/target/release/em-agent /usr/local/bin/em-agent
# the sentence encoder of search, found there without a setting
COPY models/ /usr/share/em-agent/models/
# glibc keeps what each of its arenas once needed; with two, indexing takes a tenth to a fifth less memory (docs/BENCHMARKS.md)
ENV EM_AGENT_DATA_DIR=/data \
    HTTP_ADDR=0.0.0.0:8080 \
    LOG_FORMAT=json \
    MALLOC_ARENA_MAX=2
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Asks the running process, so the image needs no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["em-agent", "doctor", "--live"]
ENTRYPOINT ["em-agent"]
CMD ["run"]
