#!/usr/bin/env bash
# Prints the path of a tool, built once from the version fixed here.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
gofumpt) module=mvdan.cc/gofumpt version=v0.12.0 ;;
golangci-lint) module=github.com/golangci/golangci-lint/v2/cmd/golangci-lint version=v2.15.0 ;;
govulncheck) module=golang.org/x/vuln/cmd/govulncheck version=v1.9.0 ;;
fyne) module=fyne.io/tools/cmd/fyne version=v1.7.4 ;;
*)
	echo "usage: scripts/tool.sh gofumpt|golangci-lint|govulncheck|fyne" >&2
	exit 2
	;;
esac

folder=$PWD/bin/tools/$version
if [[ ! -x $folder/$1 ]]; then
	echo "building $1 $version" >&2
	GOBIN=$folder GOFLAGS='' go install "$module@$version" >&2
fi
echo "$folder/$1"
