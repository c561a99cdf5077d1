#!/usr/bin/env bash
# Installs on Debian or Ubuntu what barenet needs beyond cargo. Running it again is harmless.
#
#   scripts/setup.sh [openblas] [firmware] [fuzz] [sanitize] [emulate] [deny] [c] [browser] [musl] [mpi] [network] [slurm]   only these; without any, the first three
#
#   openblas   OpenBLAS, for the feature `openblas`
#   firmware   QEMU, and Rust for bare-metal ARM and RISC-V
#   fuzz       nightly Rust and cargo-fuzz
#   sanitize   nightly Rust, with its standard library's source if it can be had, and valgrind
#   emulate    QEMU's user mode, and Rust and a linker for aarch64
#   deny       cargo-deny, built from source: some minutes
#   browser    Chromium, which opens reports
#   c          compilers of C for the host, ARM, RISC-V and AVR, clang's sanitizers, cppcheck, CMake
#   musl       a C compiler for static programs, for scripts/release.sh
#   mpi        Open MPI and clang's library, for the feature `mpi`
#   network    iproute2, ping and jq, for scripts/plan.sh
#   slurm      Slurm and munge, for scripts/slurm.sh, which starts them itself
set -euo pipefail

readonly TARGETS="thumbv7em-none-eabihf thumbv8m.main-none-eabihf thumbv7m-none-eabi thumbv6m-none-eabi
riscv32imac-unknown-none-elf"
as_root=(sudo)
[ "$(id -u)" != 0 ] || as_root=(env)
apt_is_fresh=

say() { printf '%s\n' "setup: $*"; }
die() { say "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }

apt_install() {
    has apt-get || die "cannot install $*: there is no apt-get here"
    has "${as_root[0]}" || die "cannot install $*: needs root or sudo"
    if [ -z "$apt_is_fresh" ]; then
        "${as_root[@]}" apt-get update -qq
        apt_is_fresh=yes
    fi
    say "installing $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_openblas() {
    has pkg-config || apt_install pkg-config
    pkg-config --exists openblas || apt_install libopenblas-dev
    say "OpenBLAS $(pkg-config --modversion openblas)"
}

install_qemu() {
    # A qemu-utils from backports does not go with Debian's own QEMU: then it has to give way.
    has qemu-system-arm || apt_install qemu-system-arm 2>/dev/null ||
        apt_install qemu-system-arm qemu-utils-
    # RISC-V
    has qemu-system-riscv32 || apt_install qemu-system-misc 2>/dev/null ||
        apt_install qemu-system-misc qemu-utils-
    say "$(qemu-system-arm --version | head -n 1)"
}

# The targets of which the `rustc` in PATH has no precompiled core.
missing_targets() {
    local target
    for target in $TARGETS; do
        [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ] || echo "$target"
    done
}

has_rust_source() { [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/core ]; }

# rust-lld comes with rustup's toolchains, not with Debian's.
has_lld() {
    has ld.lld || [ -n "$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld)" ]
}

install_bare_metal_rust() {
    local target missing
    if has rustup; then
        for target in $(missing_targets); do
            timeout 300 rustup target add "$target" >/dev/null 2>&1 ||
                say "rustup cannot fetch $target: Debian's compiler will build core from source"
        done
    fi
    missing=$(missing_targets | tr '\n' ' ')
    if [ -z "$missing" ]; then
        say "$(rustc --version) with $(echo $TARGETS)"
    else
        has_rust_source || apt_install rustc-web cargo-web rust-web-src
        has_lld || apt_install lld
        say "$(/usr/bin/rustc --version) with the source of core, for $missing"
    fi
}

install_nightly() {
    has rustup || die "$1 needs nightly Rust, which comes with rustup"
    rustup run nightly rustc --version >/dev/null 2>&1 ||
        rustup toolchain install nightly --profile minimal
}

install_fuzz() {
    install_nightly fuzzing
    has cargo-fuzz || cargo install --quiet --locked --debug cargo-fuzz
    say "$(cargo-fuzz --version), $(rustup run nightly rustc --version)"
}

install_sanitize() {
    install_nightly AddressSanitizer
    has valgrind || apt_install valgrind libc6-dbg
    timeout 60 rustup component add --toolchain nightly rust-src >/dev/null 2>&1 ||
        say "rustup cannot fetch rust-src: the standard library will not be instrumented"
    say "$(rustup run nightly rustc --version), $(valgrind --version)"
}

install_emulate() {
    { has qemu-aarch64 && has aarch64-linux-gnu-gcc; } ||
        apt_install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    has rustup && timeout 300 rustup target add aarch64-unknown-linux-gnu >/dev/null 2>&1 ||
        say "rustup cannot fetch aarch64-unknown-linux-gnu: nothing will be run for it"
    say "$(qemu-aarch64 --version | head -n 1)"
}

install_deny() {
    has cargo-deny || cargo install --quiet --locked --debug cargo-deny
    say "$(cargo-deny --version)"
}

install_c() {
    install_qemu
    { has arm-none-eabi-gcc && has riscv64-unknown-elf-gcc && has avr-gcc && has simavr && has cmake && has cppcheck && has clang && has g++; } ||
        apt_install gcc g++ make libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf gcc-avr avr-libc simavr cmake \
            cppcheck clang
    # Its sanitizers are a package of their own, which clang does not need.
    [ -n "$(find /usr/lib/llvm-* -name 'libclang_rt.asan*' 2>/dev/null)" ] ||
        apt_install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
    say "$(arm-none-eabi-gcc --version | head -n 1), $(cppcheck --version)"
}

install_browser() {
    has chromium || apt_install chromium fonts-dejavu-core
    say "$(chromium --version)"
}

install_musl() {
    has musl-gcc || apt_install musl-tools
    say "$(musl-gcc --version | head -n 1)"
}

install_mpi() {
    { has mpirun && has mpicc && [ -n "$(find /usr/lib -name 'libclang*.so*' 2>/dev/null | head -n 1)" ]; } ||
        apt_install libopenmpi-dev openmpi-bin libclang-dev
    say "$(mpirun --version | head -n 1)"
}

install_network() {
    { has ip && has tc && has ping && has jq; } || apt_install iproute2 iputils-ping jq
    say "$(ip -V), $(jq --version)"
}

install_slurm() {
    # Where daemons are need not be in PATH.
    PATH=$PATH:/usr/sbin
    { has munged && has slurmctld && has slurmd && has srun; } || apt_install slurm-wlm munge
    say "$(slurmd -V)"
}

[ $# -gt 0 ] || set -- openblas firmware fuzz
for part in "$@"; do
    case ${part#--} in
        openblas | firmware | fuzz | sanitize | emulate | deny | c | browser | musl | mpi | network | slurm) ;;
        -h | help) sed -n '2,19s/^# \{0,1\}//p' "$0" && exit ;;
        *) say "unknown part $part; see --help" >&2 && exit 2 ;;
    esac
done
for part in "$@"; do
    case ${part#--} in
        openblas) install_openblas ;;
        firmware) install_qemu && install_bare_metal_rust ;;
        fuzz) install_fuzz ;;
        sanitize) install_sanitize ;;
        emulate) install_emulate ;;
        deny) install_deny ;;
        c) install_c ;;
        browser) install_browser ;;
        musl) install_musl ;;
        mpi) install_mpi ;;
        network) install_network ;;
        slurm) install_slurm ;;
    esac
done
