#!/usr/bin/env bash
# Makes what a release has for Linux: a static program with its completions, man pages and licences, packed as
# dist/barenet-VERSION-TARGET.tar.gz. The same commit and compiler make the same bytes.
#
#   scripts/release.sh [TARGET]   without one, this machine's processor with musl
#
# It takes the target of rustup (`rustup target add`) and, for the downloads' TLS, musl's C compiler (scripts/setup.sh musl).
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0" && exit ;;
esac
readonly TARGET=${1:-$(uname -m)-unknown-linux-musl}
readonly CPU=${TARGET%%-*}
say() { printf '%s\n' "release: $*"; }
die() { say "$*" >&2; exit 1; }

if ! [ -d "$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)" ]; then
    command -v rustup >/dev/null || die "nothing made: there is no $TARGET here, and no rustup to get it"
    timeout 300 rustup target add "$TARGET" >/dev/null 2>&1 ||
        die "nothing made: rustup cannot fetch $TARGET here"
fi
compiler=CC_${TARGET//-/_}
if [ -z "${!compiler:-}" ]; then
    for name in "$CPU-linux-musl-gcc" musl-gcc; do
        if command -v "$name" >/dev/null; then
            export "$compiler=$name"
            break
        fi
    done
fi
[ -n "${!compiler:-}" ] || die "nothing made: no C compiler for musl; scripts/setup.sh musl installs it, or name it in $compiler"

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# No path of this machine, and nothing that only a debugger reads.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=. --remap-path-prefix=$cargo_home=cargo -C target-feature=+crt-static"
export CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols
cargo build --release --locked -p barenet-cli --target "$TARGET"
built=${CARGO_TARGET_DIR:-target}/$TARGET/release/barenet

version=$("$built" -V | cut -d' ' -f2)
name=barenet-$version-$TARGET
rm -rf "dist/$name"
mkdir -p "dist/$name/completions" "dist/$name/man/man1"
install -m 755 "$built" "dist/$name/barenet"
"$built" completions bash >"dist/$name/completions/barenet.bash"
"$built" completions zsh >"dist/$name/completions/_barenet"
"$built" completions fish >"dist/$name/completions/barenet.fish"
"$built" completions powershell >"dist/$name/completions/barenet.ps1"
"$built" man --out "dist/$name/man/man1" >/dev/null
install -m 644 README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "dist/$name"
find "dist/$name" -type d -exec chmod 755 {} +
find "dist/$name/completions" "dist/$name/man" -type f -exec chmod 644 {} +
# Files in one order, of nobody, at the time of the commit.
tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C dist -cf - "$name" | gzip -9n >"dist/$name.tar.gz"
(cd dist && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
say "dist/$name.tar.gz, $(stat -c %s "dist/$name.tar.gz") bytes; $("$built" --version | tr '\n' ' ')"
