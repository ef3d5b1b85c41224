#!/usr/bin/env bash
# Installs the Debian packages named that are missing, or says in plain words what is missing.
set -euo pipefail

# Prints those of the packages named that are not installed, one per line.
missing() {
	local package
	for package in "$@"; do
		[[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" == installed ]] || echo "$package"
	done
}

# Says what to do by hand and gives up.
give_up() {
	echo "missing: ${lacking[*]}" >&2
	echo "$1" >&2
	exit 1
}

if ! command -v dpkg-query >/dev/null; then
	echo "note: this is not a Debian system; if a command below is missing, install what these packages hold: $*" >&2
	exit 0
fi

mapfile -t lacking < <(missing "$@")
((${#lacking[@]} > 0)) || exit 0

as_root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || give_up "Install them as root: apt-get install ${lacking[*]}"
	as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
install=("${apt[@]}" install --no-install-recommends "${lacking[@]}")

echo "installing: ${lacking[*]}"
"${install[@]}" </dev/null >/dev/null 2>&1 && exit 0

# The lists may be absent or old: fetch them once and try again.
"${apt[@]}" update </dev/null >/dev/null || give_up "The package lists could not be fetched: is there a network?"
said=$("${install[@]}" </dev/null 2>&1) || give_up "apt-get could not install them: $said"
