#!/usr/bin/env bash
# Starts the whole product on this machine: a server, a made-up township, and the app enrolled with it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${DISPLAY:-} ]]; then
	echo "There is no display here: the demo plays one visit on a virtual screen and keeps its pictures in var/demo."
	make --no-print-directory need-screen build
	exec env ZOUCUN_BIN="$PWD/bin" go run ./internal/testkit/demo -out var/demo
fi

make --no-print-directory build

data=var/run
mkdir -p "$data"

server=
stop() {
	trap - EXIT
	[[ -z $server ]] || kill "$server" 2>/dev/null || true
	wait
}
trap stop EXIT
trap 'exit 130' INT TERM

bin/zoucund -listen 127.0.0.1:8443 -data "$data/server" &
server=$!
bin/zouctl -data "$data/server" wait

if [[ ! -f $data/township.xlsx ]]; then
	bin/zouctl township generate "$data/township.xlsx"
fi
bin/zouctl -data "$data/server" roster import "$data/township.xlsx"
code=$(bin/zouctl -data "$data/server" enrol-code)

bin/zoucun -server https://127.0.0.1:8443 -code "$code" -data "$data/app"
