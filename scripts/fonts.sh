#!/usr/bin/env bash
# Makes assets/fonts from the Noto Sans SC that the npm package @expo-google-fonts/noto-sans-sc carries.
#
# The same input gives the same bytes: the version and the sums of the two faces are fixed here, and scripts/fonts/subset.py
# says which characters stay. The fonts are in the repository; run this only to change what they cover.
set -euo pipefail
cd "$(dirname "$0")/.."

source=@expo-google-fonts/noto-sans-sc@0.4.3
sums='d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16  package/400Regular/NotoSansSC_400Regular.ttf
9a38ae0ab28cd5a256f9ea8e00dedc688aac17f7915fcb000572990afa956b96  package/700Bold/NotoSansSC_700Bold.ttf'

scripts/need.sh python3 python3-fonttools
command -v npm >/dev/null || scripts/need.sh npm

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(
	cd "$work"
	npm pack --silent "$source" >archive
	tar -xzf "$(cat archive)" package/400Regular package/700Bold package/LICENSE_FONT
	sha256sum --check --quiet <<<"$sums"
)

# Debian's own Python has the fonttools that were just installed; another on the path may not.
/usr/bin/python3 scripts/fonts/subset.py "$work/package/400Regular/NotoSansSC_400Regular.ttf" assets/fonts/NotoSansSC-Regular.subset.ttf
/usr/bin/python3 scripts/fonts/subset.py "$work/package/700Bold/NotoSansSC_700Bold.ttf" assets/fonts/NotoSansSC-Bold.subset.ttf
cp "$work/package/LICENSE_FONT" assets/fonts/OFL.txt
