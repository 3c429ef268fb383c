#!/usr/bin/env bash
# Builds the library and a program that uses it, for one core.
#
#   targets/c/build.sh CORE [PROGRAM]
#
# CORE is m0, m3, m4f, m7 or m33. PROGRAM is test (default), stack, a layer alone (argmax, top_k, ranking or grid_path), or
# what its calls cost (cost_argmax, cost_ranking or cost_grid_path). The last line of the output is the program's path.
#
# Honoured are CARGO, CARGO_TARGET_DIR and PERTURB_CARGO_ARGS (more arguments of cargo build), PERTURB_MAX_SCORES and
# PERTURB_MAX_CELLS (the capacities), and CARGO_PROFILE_RELEASE_OPT_LEVEL (3 for speed rather than size).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    echo "usage: targets/c/build.sh m0|m3|m4f|m7|m33 [PROGRAM]" >&2
    exit 2
}

core=${1-}
program=${2-test}
memory=mps2
case $core in
    m0) target=thumbv6m-none-eabi machine=(-mcpu=cortex-m0 -mfloat-abi=soft) memory=microbit ;;
    m3) target=thumbv7m-none-eabi machine=(-mcpu=cortex-m3 -mfloat-abi=soft) ;;
    m4f) target=thumbv7em-none-eabihf machine=(-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard) ;;
    m7) target=thumbv7em-none-eabihf machine=(-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard) ;;
    m33) target=thumbv8m.main-none-eabihf machine=(-mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard) memory=an505 ;;
    *) usage ;;
esac
sources=(test/start.c)
case $program in
    test) sources+=(test/example.c test/test.c) ;;
    stack) sources+=(test/stack.c) ;;
    argmax | top_k | ranking | grid_path) sources+=("-D$program" test/layer.c) ;;
    cost_argmax | cost_ranking | cost_grid_path) sources+=("-D$program" test/cost.c) ;;
    *) usage ;;
esac
capacities=()
for name in PERTURB_MAX_SCORES PERTURB_MAX_CELLS; do
    [ -z "${!name-}" ] || capacities+=("-D$name=${!name}")
done
[ "$core" != m7 ] || export RUSTFLAGS="${RUSTFLAGS-} -C target-cpu=cortex-m7"

# shellcheck disable=SC2086 # PERTURB_CARGO_ARGS is a list.
"${CARGO:-cargo}" build --release --locked --package perturb-c --target "$target" ${PERTURB_CARGO_ARGS-}

directory=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}
archive=$directory/$target/release/libperturb_c.a
elf=$directory/$target/release/perturb-c-$core-$program.elf
arm-none-eabi-gcc "${machine[@]}" -mthumb -std=c99 -Os -Wall -Wextra -Werror -ffreestanding \
    -ffunction-sections -fdata-sections -I include \
    -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings -Wl,-z,noexecstack -T "../memory/$memory.x" -T test/link.x \
    "${capacities[@]}" "${sources[@]}" "$archive" -o "$elf"

# Nothing in the library can panic or allocate.
if arm-none-eabi-nm -C "$elf" | grep -E 'panic|unwrap|expect_failed|slice_.*_fail|index_fail|__rust|__rg_|alloc'; then
    echo "targets/c/build.sh: $elf contains the symbols above" >&2
    exit 1
fi
arm-none-eabi-size "$elf"
echo "$elf"
