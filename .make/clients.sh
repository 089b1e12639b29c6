#!/bin/sh
# clients.sh: installs the players of others, lets each play what the backend serves, compares what is heard
# with what went in, and writes the table of docs/CLIENTS.md. Its status is that of the comparison.
set -eu

modules=$(pwd)/.make/clients
if [ ! -d "$modules/node_modules" ] || [ "$modules/package-lock.json" -nt "$modules/node_modules" ]; then
	echo 'clients: npm installs hls.js, Shaka, dash.js and playwright-core' >&2
	(cd "$modules" && npm ci --silent && touch node_modules)
fi
echo 'clients: ffmpeg, mpv, GStreamer, then browsers in real time; about seven minutes' >&2
SEGUE_CLIENTS=$modules SEGUE_CLIENTS_TABLE=$(pwd)/docs/CLIENTS.md
export SEGUE_CLIENTS SEGUE_CLIENTS_TABLE
exec "${GO:-go}" test -count 1 -timeout 30m -run '^TestClients$' -v ./api/server/clients
