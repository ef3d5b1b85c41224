#!/usr/bin/env bash
# Packs the code of the APK that Fyne's packager made into one of ours: own manifest, checked, aligned, signed.
#
# usage: apk-pack.sh FYNE.apk ARCH
#
# Of Fyne's APK only classes.dex and the library are taken: its manifest comes from an old table of attributes, its
# signature from a key everybody has, and it carries a second copy of everything in assets/.
#
# STRIP names the llvm-strip to use. ZOUCUN_KEYSTORE, ZOUCUN_KEYSTORE_PASS and ZOUCUN_KEY_ALIAS name the key to sign with;
# without them a key for trying things out is made, and the file is named after it.
set -euo pipefail
cd "$(dirname "$0")/.."

fyne_apk=$(realpath "$1")
arch=$2
scripts/need.sh aapt apksigner zipalign android-framework-res zip unzip

detail() { sed -n "s/^$1 = \"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" FyneApp.toml; }
version=$(detail Version)
build=$(detail Build)
name=zoucun-$version-$arch

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Resources: the icon in each density, and the manifest with the icon that Fyne's packager would refuse in ours.
for density in mdpi:48 hdpi:72 xhdpi:96 xxhdpi:144 xxxhdpi:192; do
	mkdir -p "$work/res/mipmap-${density%:*}"
	go run ./internal/drawicon -size "${density#*:}" -o "$work/res/mipmap-${density%:*}/icon.png"
done
sed 's|<application$|<application android:icon="@mipmap/icon"|' AndroidManifest.xml >"$work/AndroidManifest.xml"
grep -q 'mipmap/icon' "$work/AndroidManifest.xml"
aapt2 compile --dir "$work/res" -o "$work/res.zip"
aapt2 link -o "$work/app.apk" --manifest "$work/AndroidManifest.xml" \
	--min-sdk-version 21 --target-sdk-version 35 --version-code "$build" --version-name "$version" \
	-I /usr/share/android-framework-res/framework-res.apk "$work/res.zip"

# Code.
mkdir "$work/code"
unzip -q "$fyne_apk" classes.dex 'lib/*' -d "$work/code"
"${STRIP:-llvm-strip}" --strip-unneeded "$work"/code/lib/*/libzoucun.so
go run ./internal/elfcheck -exports scripts/android-api21-exports.txt "$work"/code/lib/*/libzoucun.so
(cd "$work/code" && zip -q -X -r ../app.apk classes.dex lib)

# The key.
if [[ -n ${ZOUCUN_KEYSTORE:-} ]]; then
	: "${ZOUCUN_KEYSTORE_PASS:?names the password of ZOUCUN_KEYSTORE}" "${ZOUCUN_KEY_ALIAS:?names the key in ZOUCUN_KEYSTORE}"
else
	export ZOUCUN_KEYSTORE=var/keys/debug-not-for-release.keystore ZOUCUN_KEYSTORE_PASS=not-for-release ZOUCUN_KEY_ALIAS=debug
	name=$name-debugkey
	mkdir -p var/keys
	[[ -f $ZOUCUN_KEYSTORE ]] || keytool -genkeypair -keystore "$ZOUCUN_KEYSTORE" -storetype PKCS12 \
		-storepass:env ZOUCUN_KEYSTORE_PASS -alias "$ZOUCUN_KEY_ALIAS" -dname 'CN=debug key not for release' \
		-keyalg RSA -keysize 3072 -validity 3650
fi

# Alignment comes before the signature, which covers it.
mkdir -p dist
zipalign -f -p 4 "$work/app.apk" "$work/aligned.apk"
apksigner sign --ks "$ZOUCUN_KEYSTORE" --ks-pass env:ZOUCUN_KEYSTORE_PASS --ks-key-alias "$ZOUCUN_KEY_ALIAS" \
	--v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled true \
	--out "dist/$name.apk" "$work/aligned.apk"
rm -f "dist/$name.apk.idsig"
zipalign -c -p 4 "dist/$name.apk"
apksigner verify --min-sdk-version 21 "dist/$name.apk"
echo "dist/$name.apk: $(stat -c %s "dist/$name.apk") bytes, version $version, build $build"
