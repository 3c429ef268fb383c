#!/usr/bin/env bash
# Everything that must pass, the same at home and in CI.
#
#   targets/ci.sh                 all jobs
#   targets/ci.sh JOB...          host, core, thumb, qemu or docs
#   targets/ci.sh --host-only     the jobs without firmware: host, docs
#
# Needs Rust and a C compiler; fetches Rust's Cortex-M targets by rustup, and QEMU by apt-get where it may.
set -euo pipefail
exec </dev/null # Nothing asks questions; QEMU would else take the terminal.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "targets/ci.sh: $*" >&2
    exit 1
}

run() {
    echo "\$ $*" >&2 # Standard output may be a pipe.
    "$@"
}

need_component() { # NAME COMMAND...
    local component=$1
    shift
    "$@" --version >/dev/null 2>&1 || rustup component add "$component" ||
        fail "install Rust's component $component"
}

need_target() { # NAME
    [ -d "$(rustc --print target-libdir --target "$1")" ] || rustup target add "$1" ||
        fail "install Rust's target $1"
}

need_qemu() {
    command -v qemu-system-arm >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing qemu-system-arm"
        apt-get update >/dev/null 2>&1 || true # A stale list may still do.
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends qemu-system-arm \
            >/dev/null 2>&1 || true
    fi
    command -v qemu-system-arm >/dev/null ||
        fail "install QEMU for Arm: the package qemu-system-arm (Debian, Ubuntu, Fedora) or qemu (Homebrew)"
}

host() {
    need_component rustfmt cargo fmt
    need_component clippy cargo clippy
    run cargo fmt --check
    run cargo clippy --workspace --all-targets -- -D warnings
    run cargo test --workspace
    # Alone: in the workspace, the other members' features would hide what the core forgot to ask for.
    run cargo build --package perturb-core --no-default-features
    # In the profile of the tests, which have built the examples already.
    local example
    for example in $(awk '/^\[/ { here = /^\[\[example\]\]/ } here && $1 == "name" { print $3 }' \
        examples/Cargo.toml | tr -d '"'); do
        run cargo run --quiet --profile test --package perturb-examples --example "$example"
    done
}

core() {
    need_component clippy cargo clippy
    local target features
    for target in thumbv6m-none-eabi thumbv7em-none-eabihf; do
        need_target "$target"
        for features in "" defmt; do
            run cargo build --package perturb-core --no-default-features ${features:+--features "$features"} \
                --target "$target"
        done
    done
    run cargo clippy --package perturb-core --features defmt --target thumbv7em-none-eabihf -- -D warnings
    # These targets have no std, and a program without an allocator builds only if nothing in it uses alloc.
    (cd targets && run cargo build --release --bin rank)
}

thumb() {
    need_component rustfmt cargo fmt
    need_component clippy cargo clippy
    need_target thumbv7em-none-eabihf
    cd targets
    run cargo fmt --check
    run cargo clippy --release -- -D warnings
    run cargo build --release
}

qemu() {
    need_target thumbv7em-none-eabihf
    need_qemu
    cd targets
    local source name limit=
    ! command -v timeout >/dev/null || limit="timeout 300" # A program may hang.
    for source in src/bin/*.rs; do
        name=$(basename "$source" .rs)
        # A failing program fails the pipe, and so does any other text than the expected.
        run $limit cargo run --quiet --release --bin "$name" | diff -u "src/bin/$name.out" - ||
            fail "$name failed, or its output differs from targets/src/bin/$name.out"
    done
}

docs() {
    RUSTDOCFLAGS="-D warnings" run cargo doc --workspace --no-deps
}

case ${1-} in
    "") set -- host core thumb qemu docs ;;
    --host-only) set -- host docs ;;
esac
for job in "$@"; do
    case $job in
        host | core | thumb | qemu | docs) ;;
        *) fail "no job $job; there are host, core, thumb, qemu and docs" ;;
    esac
done
for job in "$@"; do
    start=$SECONDS
    echo "== $job"
    ("$job") # Each in a shell of its own, for its working directory.
    echo "== $job passed in $((SECONDS - start)) s"
done
