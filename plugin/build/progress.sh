# shellcheck shell=bash
# How the scripts report what they do, all of it on standard error. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# step NAME TEXT... announces a step. Make lists the names of its steps in STEPS, in order: "[2/4] compiling …". A step that has
# nothing to do is not announced.
step() {
	local name=$1 word place=0 found='' count=0
	shift
	for word in ${STEPS-}; do
		count=$((count + 1))
		if [ "$word" = "$name" ] && [ "$place" = 0 ]; then
			place=$count
		fi
	done
	[ "$place" = 0 ] || found="[$place/$count] "
	say "$found$*"
}

# during TEXT COMMAND... runs a command, and reports every 15 seconds that it still runs.
#
# The reports come from a process at the other end of a pipe, which this shell alone holds open. So it ends with the command, and
# with this shell, however that ends.
during() {
	local text=$1 status=0
	shift
	exec 9> >(beat "$text" >&2)
	"$@" 9>&- || status=$?
	(trap '' PIPE && echo >&9) 2>/dev/null || true # nobody may read any more
	exec 9>&-
	return "$status"
}

# beat reports until it reads a line or the pipe's end. In bash 3.2 the status of read does not tell an end from a timeout, but the
# time does.
beat() {
	local every=${HEARTBEAT:-15} start=$SECONDS since
	while since=$SECONDS; ! read -r -t "$every" && ((SECONDS - since >= every - 1)); do
		say "  … still $1 ($((SECONDS - start)) s)$(last_line)"
	done
}

# quietly TEXT COMMAND... is during for a command that prints a lot: the reports have the last line, and all of it is shown when
# the command fails.
quietly() {
	local status=0
	log=$(mktemp)
	during "$1" into_log "${@:2}" || {
		status=$?
		cat "$log" >&2
	}
	rm -f "$log"
	log=
	return "$status"
}

into_log() { "$@" >"$log" 2>&1; }

last_line() {
	if [ -n "${log-}" ] && [ -s "$log" ]; then
		printf ': %s' "$(tail -n 1 "$log" | tr -d '\r' | cut -c 1-80)"
	fi
}
