#!/bin/sh
# play.sh [FLAG of bin/play]...: starts the backend on a free port of the loopback interface, waits until
# its demo album is packaged, plays it in the foreground, and ends the backend whatever happens.
#
# Both programs are real ones and talk over HTTP; this script only introduces them. What the backend
# made stays in .data/ and is used again the next time.
set -eu

data=${SEGUE_DATA:-.data}
mkdir -p "$data"
album='The Crossing' # the demo album's title
report=$data/backend.jsonl
errors=$data/backend.log
: >"$report"

backend=
player=
status=0

# end stops what is still running, the player first, and waits for both: nothing outlives this script.
# A backend that doesn't end in order within five seconds is ended without.
end() {
	trap : INT TERM HUP
	[ -z "$player" ] || kill -TERM "$player" 2>/dev/null || true
	[ -z "$player" ] || wait "$player" 2>/dev/null || true
	if [ -n "$backend" ] && kill -TERM "$backend" 2>/dev/null; then
		(
			sleep 5 &
			trap 'kill $!; exit' TERM
			wait $!
			kill -KILL "$backend"
		) 2>/dev/null &
		guard=$!
		wait "$backend" 2>/dev/null || true
		kill "$guard" 2>/dev/null || true
		wait "$guard" 2>/dev/null || true
	fi
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# field NAME: the value of a string field in the JSON line on standard input.
field() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }

# number NAME: the same for a number.
number() { sed -n 's/.*"'"$1"'":\([0-9]*\).*/\1/p'; }

# event NAME: the last line of the report with that event, if any.
event() { sed -n '/"event":"'"$1"'"/p' "$report" | tail -n 1; }

# progress: what the backend is doing, in words.
progress() {
	now=$(event progress)
	[ -n "$now" ] || return 0
	printf 'backend: %s' "$(printf '%s\n' "$now" | field stage)"
	for text in "$(printf '%s\n' "$now" | field path)" "$(printf '%s\n' "$now" | field detail)"; do
		[ -z "$text" ] || printf ' %s' "$text"
	done
	files=$(printf '%s\n' "$now" | number files)
	[ -z "$files" ] || printf ' (%s files)' "$files"
}

# The faster encoder: nobody wants to wait half a minute for an album of four.
bin/backend --data "$data/backend" --encoder built-in-fast --listen 127.0.0.1:0 --json >"$report" 2>"$errors" &
backend=$!

# Progress takes one line of a terminal, which is written over; elsewhere a line for each thing that is done,
# without the percentages.
shown=
while [ -z "$(event ready)" ]; do
	if ! kill -0 "$backend" 2>/dev/null; then
		printf 'play: the backend ended before it was ready; its last words:\n' >&2
		tail -n 20 "$errors" >&2
		exit 1
	fi
	if [ -t 2 ]; then
		printf '\r\033[K%s' "$(progress | cut -c 1-79)" >&2
	else
		line=$(progress | sed 's/:* [0-9]* %//')
		[ "$line" = "$shown" ] || printf '%s\n' "$line" >&2
		shown=$line
	fi
	sleep 0.2
done
[ ! -t 2 ] || printf '\r\033[K' >&2
printf 'play: %s serves %s tracks\n' "$(event ready | field url)" "$(event ready | number tracks)" >&2

# The player runs as a background job, because a shell that waits for a foreground program can't handle
# a signal; it still has the terminal, which goes by process group. Ctrl-C reaches it from the terminal.
trap 'status=130' INT
trap 'status=143; kill -TERM "$player" 2>/dev/null' TERM HUP
exec 3<&0
bin/play --server "$(event ready | field url)" --cache "$data/cache" "$@" "album:$album" <&3 3<&- &
player=$!
while :; do
	code=0
	wait "$player" || code=$?
	kill -0 "$player" 2>/dev/null || break # else a signal ended the waiting, not the player
done
player=
[ "$status" != 0 ] || status=$code
exit "$status"
