#!/usr/bin/env bash
# Starts the whole product on this machine: a server, a made-up township, and the app enrolled with it: a cadre's, or with
# the argument "township" the township's workbench.
#
# Everything lives in var/run and stays there: the second start goes on where the first left off. Remove the folder to
# begin anew. Without a display the demo does the same on a virtual screen, see internal/testkit/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${DISPLAY:-} ]]; then
	echo "There is no display here: the demo plays one visit on a virtual screen and keeps its pictures in var/demo."
	make --no-print-directory watched need-screen
	exec env ZOUCUN_BIN="$PWD/bin/e2e" go run ./internal/testkit/demo -out var/demo
fi

make --no-print-directory build

role=${1:-cadre}
home=var/run
app=$home/app
if [[ $role != cadre ]]; then
	app=$home/$role
fi
address=127.0.0.1:8443
mkdir -p "$home"
ctl() { bin/zouctl -data "$home/server" "$@"; }

server=
stop() {
	if [[ -n $server ]]; then
		kill "$server" 2>/dev/null || true
		wait "$server" || true
	fi
}
trap stop EXIT
trap 'exit 130' INT TERM

bin/zoucund -listen "$address" -data "$home/server" -township 青塘镇 &
server=$!
ctl wait

# Importing again changes nothing.
ctl township generate "$home/township.xlsx"
ctl form import assets/forms/QZ-01
ctl roster import "$home/township.xlsx"

# Whom things are sealed to: the office that reads what is said about cadres, and the keeper of the recovery key.
if [[ ! -e $home/纪委.key ]]; then
	ctl key add -use envelope -name 县纪委监委 "$(ctl key make "$home/纪委.key")"
	ctl key add -use recovery -name 县民政局 "$(ctl key make "$home/恢复.key")"
	ctl phones -township 0551-62345678 -county-office 0551-12388 -duty 0551-62345110
fi

# A device enrols once; after that the app knows its server.
enrol=()
if [[ ! -e $app ]]; then
	# 谢月忠 is among the staff the generator invents.
	enrol=(-server "https://$address" -code "$(ctl enrol-code -person 谢月忠 -role "$role")")
fi
bin/zoucun -data "$app" "${enrol[@]}"
