#!/usr/bin/env bash
# Runs the official MCP conformance suite against serve --http with a fake robot:
#
#	mcp-suite.sh COMMAND NODE_MODULES
#
# It fails when a scenario fails that is not in mcp-expected-failures.yml, or one
# passes that is.
set -euo pipefail
command=$1 modules=$2

log=$(mktemp)
"$command" serve --fake --http 127.0.0.1:0 2>"$log" &
server=$!
trap 'kill "$server"; wait "$server" || true; rm -f "$log"' EXIT

for _ in $(seq 100); do
	url=$(sed -n 's/^serving at //p' "$log")
	[ -z "$url" ] || break
	kill -0 "$server" || { cat "$log" >&2; exit 1; }
	sleep 0.1
done

"$modules/.bin/node" "$modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$url" --suite all \
	--expected-failures "$(dirname "$0")/mcp-expected-failures.yml"
