#!/usr/bin/env bash
# The C tests on this host, with every memory access of the library and of the tests watched by AddressSanitizer, and the
# tests by UndefinedBehaviorSanitizer. Needs Rust's nightly with rust-src, and gcc.
#
#   targets/c/sanitize.sh
#
# Fails if a sanitizer complains or the output is not test/test.out. CARGO_TARGET_DIR is honoured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

host=$(rustc --print host-tuple)
RUSTFLAGS="-Zsanitizer=address" cargo +nightly build -Zbuild-std --locked --package perturb-c --target "$host"
directory=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}/$host/debug
program=$directory/perturb-c-sanitized
gcc -std=c99 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
    -I include test/host.c test/example.c test/test.c "$directory/libperturb_c.a" -lm -ldl -lpthread -o "$program"
ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 "$program" | tee "$program.out"
cmp "$program.out" test/test.out
echo "no complaint, and the output of the emulated cores"
