#!/usr/bin/env bash
# Runs a command as a step of make: announces it, and reports while it runs.
#
#	plugin/build/step.sh NAME TEXT COMMAND...
#
# NAME is one of the names in STEPS; see step in progress.sh.
set -euo pipefail

# shellcheck source=plugin/build/progress.sh
. "$(dirname "${BASH_SOURCE[0]}")/progress.sh"

[ $# -ge 3 ] || die "usage: step.sh NAME TEXT COMMAND..."
step "$1" "$2"
during "${@:2}"
