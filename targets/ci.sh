#!/usr/bin/env bash
# Everything that must pass, the same at home and in CI.
#
#   targets/ci.sh                 all jobs
#   targets/ci.sh JOB...          host, networks, bench, core, thumb, qemu, python, docs, package or deny
#   targets/ci.sh frameworks      the Python package in torch, JAX and PyEPO, 7 GB of packages: left out of all jobs
#   targets/ci.sh --host-only     the jobs without firmware or valgrind: host, docs, deny
#
# Miri, sanitizers and long soaks take too long for this: docs/checks.md.
#
# Needs Rust and a C compiler. What firmware needs beyond is fetched where that may be done, else named: Rust's Cortex-M
# targets by rustup, or a compiler with the sources of its library by apt-get; QEMU and a C compiler for Arm by apt-get.
# So is valgrind, which counts the host's instructions.
set -euo pipefail
exec </dev/null # Nothing asks questions; QEMU would else take the terminal.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_INCREMENTAL=0 # Nothing is compiled twice.

fail() {
    echo "targets/ci.sh: $*" >&2
    exit 1
}

# rust-toolchain.toml asks for the stable Rust. Where rustup has none and may not fetch it, the machine's default serves.
if ! cargo --version >/dev/null 2>&1 && command -v rustup >/dev/null; then
    RUSTUP_TOOLCHAIN=$(cd / && rustup show active-toolchain | cut -d ' ' -f 1)
    export RUSTUP_TOOLCHAIN
fi

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

may_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

install() { # PACKAGE...
    echo "installing $*"
    apt-get update >/dev/null 2>&1 || true # A stale list may still do.
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >/dev/null
}

thumb_targets="thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf thumbv8m.main-none-eabihf"

# What compiles firmware: the compiler that rustup keeps, or one of the distribution, which $PERTURB_RUSTC names.
need_targets() {
    local target missing=
    for target in $thumb_targets; do
        [ -d "$(rustc --print target-libdir --target "$target")" ] || missing+=" $target"
    done
    # shellcheck disable=SC2086 # A list.
    [ -z "$missing" ] || rustup target add $missing || need_source_compiler
}

# No target can be fetched: compile the library, too, from the sources of a distribution's compiler.
need_source_compiler() {
    local packages="rustc-web cargo-web rust-web-src lld" target name
    # shellcheck disable=SC2086 # A list.
    ! may_install || install $packages || true
    command -v ld.lld >/dev/null && /usr/bin/cargo --version >/dev/null 2>&1 &&
        [ -d "$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/core" ] ||
        fail "install Rust's targets (rustup target add $thumb_targets), or the packages $packages (Debian)"
    for target in $thumb_targets; do
        name=${target//[-.]/_}
        export "CARGO_TARGET_${name^^}_LINKER=ld.lld"
    done
    export PERTURB_CARGO=/usr/bin/cargo PERTURB_RUSTC=/usr/bin/rustc PERTURB_CARGO_ARGS=-Zbuild-std=core
}

need_host() { # TARGET
    [ -d "$(rustc --print target-libdir --target "$1")" ] || rustup target add "$1"
}

firmware_cargo() { # COMMAND ARGUMENT...
    if [ -n "${PERTURB_RUSTC-}" ]; then
        RUSTC=$PERTURB_RUSTC RUSTC_BOOTSTRAP=1 run "$PERTURB_CARGO" "$@" "$PERTURB_CARGO_ARGS"
    else
        run cargo "$@"
    fi
}

need_command() { # COMMAND PACKAGES WHERE
    command -v "$1" >/dev/null && return
    # shellcheck disable=SC2086 # A list.
    ! may_install || install $2 || true
    command -v "$1" >/dev/null || fail "install $1: the package $3"
}

need_qemu() {
    need_command qemu-system-arm qemu-system-arm "qemu-system-arm (Debian, Ubuntu, Fedora) or qemu (Homebrew)"
}

need_gcc() {
    need_command arm-none-eabi-gcc gcc-arm-none-eabi \
        "gcc-arm-none-eabi (Debian, Ubuntu), arm-none-eabi-gcc-cs (Fedora) or arm-none-eabi-gcc (Homebrew)"
}

host() {
    need_component rustfmt cargo fmt
    need_component clippy cargo clippy
    run cargo fmt --check
    run cargo clippy --workspace --all-targets -- -D warnings
    run cargo test --workspace
    # Alone: in the workspace, the other members' features would hide what the core forgot to ask for.
    run cargo build --package perturb-core --no-default-features
    # The tests have checked the golden values with optimisation and vectors of every width. The same bits without, and with
    # all that this processor has.
    run cargo run --quiet --package perturb-golden
    RUSTFLAGS="-Ctarget-cpu=native" run cargo run --quiet --profile test --target-dir target/native --package perturb-golden
    # The tests have built the examples; cargo would build them again, without the features that other members ask for.
    local example
    for example in $(awk '/^\[/ { here = /^\[\[example\]\]/ } here && $1 == "name" { print $3 }' \
        examples/Cargo.toml | tr -d '"'); do
        run "${CARGO_TARGET_DIR:-target}/debug/examples/$example"
    done
}

# What default features leave out: layers behind networks. Of libtorch and of graphics processors only the types are checked,
# as neither need be here.
networks() {
    need_component clippy cargo clippy
    local packages="--package perturb --package perturb-experiments --package perturb-program"
    # shellcheck disable=SC2086 # A list.
    run cargo clippy $packages --all-targets --features nn -- -D warnings
    # shellcheck disable=SC2086 # A list.
    RUSTDOCFLAGS="-D warnings" run cargo doc $packages --no-deps --features nn
    run cargo test --profile network --package perturb --features nn --lib --test layer
    run cargo test --profile network --package perturb --features nn --doc layer
    run cargo test --profile network --package perturb-experiments --features nn --lib
    run cargo test --profile network --package perturb-experiments --features nn --test experiments networks::
    run cargo clippy --package perturb --lib --test layer --features tch,tch/doc-only -- -D warnings
    run cargo check --package perturb-program --bins --features nn-wgpu
}

bench() {
    need_command valgrind valgrind "valgrind"
    # Each case asserts its answer before it is counted. Criterion's benches, which assert theirs when they run, take
    # minutes to compile and are only linted here.
    run cargo run --quiet --release --package perturb-benches --bin instructions
}

core() {
    need_component clippy cargo clippy
    need_targets
    local target features
    for target in thumbv6m-none-eabi thumbv7em-none-eabihf; do
        for features in "" defmt; do
            firmware_cargo build --package perturb-core --no-default-features ${features:+--features "$features"} \
                --target "$target"
        done
    done
    # Other hosts' vectors: NEON, in an emulator.
    if need_host aarch64-unknown-linux-gnu; then
        need_command qemu-aarch64 qemu-user "qemu-user (Debian, Ubuntu, Fedora)"
        need_command aarch64-linux-gnu-gcc "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" \
            "gcc-aarch64-linux-gnu (Debian, Ubuntu, Fedora)"
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
            CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
            run cargo run --quiet --profile test --package perturb-golden --target aarch64-unknown-linux-gnu
    else
        echo "NOT run on AArch64: rustup has no library for it here"
    fi
    # No files, no threads and no signals.
    if need_host wasm32-unknown-unknown; then
        run cargo check --package perturb --lib --no-default-features --target wasm32-unknown-unknown
    else
        echo "NOT built for WebAssembly: rustup has no library for it here"
    fi
    # Clippy goes with rustup's compiler.
    [ -n "${PERTURB_RUSTC-}" ] ||
        run cargo clippy --package perturb-core --features defmt --target thumbv7em-none-eabihf -- -D warnings
}

# The runner of the firmware, in the profile of the tests, which have built what it needs.
runner() {
    run cargo run --quiet --profile test --package perturb-runner -- "$@"
}

thumb() {
    need_component rustfmt cargo fmt
    need_component clippy cargo clippy
    need_targets
    runner header --check
    cd targets
    run cargo fmt --all --check
    [ -n "${PERTURB_RUSTC-}" ] ||
        run cargo clippy --workspace --release --target thumbv7em-none-eabihf -- -D warnings
    # The C library's figures, on the host.
    run cargo test --package perturb-c --target "$(rustc --print host-tuple)"
}

qemu() {
    need_targets
    need_qemu
    need_gcc
    runner suites
    runner programs
    runner c
    runner report --check
}

# Interpreters of Python from 3.11 on that are at hand, the oldest first.
pythons() {
    {
        compgen -c python3 | grep -E '^python3(\.[0-9]+)?$' || true
        ! command -v pyenv >/dev/null || ls "$(pyenv root)"/versions/*/bin/python
    } | sort -u | while read -r python; do
        "$python" -c 'import sys; v = sys.version_info; v >= (3, 11) and print("%d.%d.%d" % v[:3], sys.executable)' \
            2>/dev/null || true
    done | sort -V -u -k 1,1 | cut -d ' ' -f 2-
}

# An environment of Python with packages.
environment() { # FOLDER PYTHON PACKAGE...
    local folder=$1 python=$2
    shift 2
    "$python" -m venv "$folder" && "$folder/bin/pip" install --quiet "$@"
}

# The Python package: a wheel, built and tested by the oldest and the newest Python at hand.
python() {
    need_component rustfmt cargo fmt
    need_component clippy cargo clippy
    cd targets/python
    run cargo fmt --check
    run cargo clippy --locked -- -D warnings
    local folder oldest newest each packages
    packages="pytest hypothesis matplotlib mypy numpy scipy pandas polars ml_dtypes scikit-learn"
    folder=$(mktemp -d)
    oldest=$(pythons | head -n 1)
    newest=$(pythons | tail -n 1)
    # shellcheck disable=SC2086 # A list.
    if [ -z "$oldest" ] || ! environment "$folder/oldest" "$oldest" maturin $packages; then
        echo "NOT tested: Python 3.11 or later, its venv, or the packages that tests need cannot be had here"
        return
    fi
    run "$folder/oldest/bin/maturin" build --release --locked --out "$folder/wheels"
    # shellcheck disable=SC2086 # A list.
    [ "$oldest" = "$newest" ] || environment "$folder/newest" "$newest" $packages ||
        echo "NOT tested by $newest: packages that tests need cannot be had for it"
    for each in "$folder"/*/bin/pip; do
        run "$each" install --quiet "$folder"/wheels/*.whl
        run "${each%pip}python" -m pytest -q -rs
    done
    rm -rf "$folder"
}

# The tests that need torch, JAX or PyEPO, and those of types and examples, which then see all modules.
frameworks() {
    cd targets/python
    local folder oldest
    oldest=$(pythons | head -n 1)
    [ -n "$oldest" ] || fail "install Python 3.11 or later"
    # What torch.compile writes is C++ that includes Python.h.
    need_command c++ g++ "g++"
    [ -f "$("$oldest" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
        fail "install the headers of $oldest: the package python3-dev (Debian, Ubuntu) or python3-devel (Fedora)"
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # This folder. What fails leaves no GB behind.
    trap "rm -rf '$folder'" EXIT
    environment "$folder" "$oldest" maturin pytest mypy numpy scipy scikit-learn torch jax jaxopt optax pyepo ortools ||
        fail "torch, JAX, PyEPO or OR-Tools cannot be had"
    run "$folder/bin/maturin" build --release --locked --out "$folder/wheels"
    run "$folder/bin/pip" install --quiet "$folder"/wheels/*.whl
    run "$folder/bin/python" -m pytest -q -rs tests/test_{torch,jax,peers,pyepo,package,rows}.py
}

docs() {
    RUSTDOCFLAGS="-D warnings" run cargo doc --workspace --no-deps
    # A change of the interface is seen: docs/public-names.txt.
    run cargo run --quiet --package perturb-names -- --check
}

# The lowest Rust that a workspace declares.
declared() { # Cargo.toml
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1"
}

# What would be published: packed as cargo publish does, and compiled from the packages by the lowest Rust that they declare.
package() {
    local lowest rustc folder=${CARGO_TARGET_DIR:-target}/published
    lowest=$(declared Cargo.toml)
    if rustc=$(rustup which rustc --toolchain "$lowest" 2>/dev/null) ||
        { rustup toolchain install "$lowest" --profile minimal && rustc=$(rustup which rustc --toolchain "$lowest"); }; then
        export RUSTC=$rustc
    else
        echo "Rust $lowest cannot be fetched: NOT compiled by the lowest version that is declared"
    fi
    # Cargo believes that a package of a version never changes. These do: remove what an earlier run unpacked and compiled.
    rm -rf "$folder" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/perturb*
    CARGO_PROFILE_DEV_DEBUG=false run cargo publish --workspace --dry-run --locked --allow-dirty --target-dir "$folder"
    rm -rf "$folder"
}

# Fails if a package of a workspace declares that it needs a newer Rust.
needs_at_most() { # RUST Cargo.toml [ARGUMENT...]
    local most=$1 workspace=$2 needed
    shift 2
    # Of this host alone: what other systems need has not been fetched.
    needed=$(run cargo metadata --format-version 1 --locked --manifest-path "$workspace" "$@" \
        --filter-platform "$(rustc --print host-tuple)" |
        grep -o '"rust_version":"[^"]*"' | cut -d '"' -f 4 | sed 's/^\([0-9]*\.[0-9]*\)\.0$/\1/' | sort -V | tail -n 1)
    [ "$(printf '%s\n' "$needed" "$most" | sort -V | tail -n 1)" = "$most" ] ||
        fail "a dependency in $workspace needs Rust $needed; declared is $most"
    echo "$workspace${*:+ $*}: no package needs more than the declared Rust $most"
}

# The dependencies of every workspace: the Rust that they need, and by cargo-deny their licences, sources and versions.
deny() {
    local workspaces workspace
    workspaces=$(grep -l '^\[workspace\]' Cargo.toml */Cargo.toml targets/python/Cargo.toml)
    for workspace in $workspaces; do
        needs_at_most "$(declared "$workspace")" "$workspace"
    done
    needs_at_most "$(sed -n 's/^networks = "\(.*\)"$/\1/p' Cargo.toml)" Cargo.toml --all-features
    if ! cargo deny --version >/dev/null 2>&1; then
        echo "cargo-deny is not installed: licences, sources and duplicates were NOT checked" \
            "(cargo install --locked cargo-deny, about 5 minutes)"
        return
    fi
    for workspace in $workspaces; do
        # The workspaces share the exceptions, and not all need all.
        run cargo deny --locked --manifest-path "$workspace" --config deny.toml check --hide-inclusion-graph \
            --allow unmatched-skip --allow unnecessary-skip --allow license-exception-not-encountered \
            bans licenses sources
    done
}

case ${1-} in
    "") set -- host networks bench core thumb qemu python docs package deny ;;
    --host-only) set -- host docs deny ;;
esac
for job in "$@"; do
    case $job in
        host | networks | bench | core | thumb | qemu | python | docs | package | deny | frameworks) ;;
        *) fail "no job $job; there are host, networks, bench, core, thumb, qemu, python, docs, package, deny and frameworks" ;;
    esac
done
for job in "$@"; do
    start=$SECONDS
    echo "== $job"
    ("$job") # Each in a shell of its own, for its working directory.
    echo "== $job passed in $((SECONDS - start)) s"
done
