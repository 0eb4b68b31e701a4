#!/usr/bin/env bash
# Prints the path of a Chromium, Chrome or Edge for the tests of the page: $CHROME, else one that is on PATH or where macOS keeps
# it. A browser counts when it tells its version: Ubuntu's chromium-browser may be a stub without its snap.
set -euo pipefail

# shellcheck source=plugin/build/progress.sh
. "$(dirname "${BASH_SOURCE[0]}")/progress.sh"

starts() { "$1" --version >/dev/null 2>&1; }

if [ -n "${CHROME-}" ]; then
	starts "$CHROME" || die "CHROME=$CHROME does not start: name a Chromium, Chrome or Edge"
	command -v "$CHROME"
	exit
fi
for name in \
	chromium chromium-browser google-chrome google-chrome-stable chrome microsoft-edge microsoft-edge-stable \
	{,"${HOME-}"}"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
	{,"${HOME-}"}/Applications/Chromium.app/Contents/MacOS/Chromium \
	{,"${HOME-}"}"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"; do
	if path=$(command -v "$name") && starts "$path"; then
		printf '%s\n' "$path"
		exit
	fi
done
die "There is no Chromium, Chrome or Edge: \`make test\` installs one or says how, and CHROME names one"
