#!/usr/bin/env bash
# Builds the Android app for arm64 tablets as a signed APK in dist/; needs an NDK.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ! -d ${ANDROID_NDK_HOME:-}/toolchains/llvm/prebuilt/linux-x86_64/bin ]]; then
	echo "Set ANDROID_NDK_HOME to the folder of an unpacked Android NDK (r26 or newer, for Linux x86_64) to build the APK." >&2
	exit 1
fi
toolchain=$ANDROID_NDK_HOME/toolchains/llvm/prebuilt/linux-x86_64/bin

fyne=$(scripts/tool.sh fyne)

# Fyne's packager raises the build number in FyneApp.toml each time it runs: let it work on a copy.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar --create --exclude=./.git --exclude=./var --exclude=./bin --exclude=./dist . | tar --extract --directory "$work"

(
	cd "$work"
	GOFLAGS=-trimpath CGO_LDFLAGS='-O2 -g -Wl,-z,max-page-size=16384' \
		"$fyne" package --os android/arm64 --name zoucun --tags migrated_fynedo
)
STRIP=$toolchain/llvm-strip scripts/apk-pack.sh "$work/zoucun.apk" arm64
