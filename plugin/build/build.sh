#!/usr/bin/env bash
# Compiles ./plugin into a WebAssembly module.
#
#	plugin/build/build.sh OUT         writes OUT
#	plugin/build/build.sh --version   says which compiler that would take
#
# The compiler is $TINYGO, else the tinygo on PATH when it is 0.41 or newer, else one that install-tinygo.sh
# builds.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=plugin/build/common.sh
. "$here/common.sh"

# No scheduler, because a trap inside a goroutine would leave the stack pointer in memory that the
# collector hands out again; -panic=trap, because a message on a dropped standard error helps nobody;
# TinyGo's own precise collector (RATIONALE.md, "Why not a collector of our own?").
# TINYGO_FLAGS adds to them and overrides, to measure what each is worth.
flags=(-buildmode=c-shared -opt=z -no-debug -scheduler=none -panic=trap -gc=precise)
read -ra more <<<"${TINYGO_FLAGS-}"
flags+=(${more[@]+"${more[@]}"}) # in bash 3.2, macOS's, an empty array is unset

# What TinyGo's code uses beyond WebAssembly 1.0.
features=(
	--enable-bulk-memory --enable-nontrapping-float-to-int
	--enable-sign-ext --enable-mutable-globals
)

main() {
	case ${1-} in
	--version) print_version ;;
	'' | -*) die "usage: build OUT | build --version" ;;
	*) build "$1" ;;
	esac
}

print_version() {
	choose_go
	find_tinygo
	printf 'tinygo %s (%s, LLVM %s, %s)\n' "$version" "$origin" "$llvm" "$go_version"
}

build() {
	choose_go
	find_tinygo
	prepare_tinygo
	step plugin "compiling the plugin with TinyGo $version ($origin)"
	mkdir -p "$(dirname "$1")"
	# In the folder of OUT, so that the last step is a rename: OUT is never half a file.
	temp=$(mktemp -d "$(cd "$(dirname "$1")" && pwd)/.build.XXXXXX")
	trap 'rm -rf "$temp"' EXIT
	compile "$temp/tinygo.wasm"
	shrink "$temp/tinygo.wasm" "$temp/plugin.wasm"
	mv "$temp/plugin.wasm" "$1"
}

compile() {
	local goroot
	goroot=$("$here/goroot.sh")
	(
		cd "$root"
		export GOROOT=$goroot PATH="$goroot/bin:$PATH"
		during "compiling" "$tinygo" build -target="$target" -ldflags="-extldflags=-Map=$temp/link.map" \
			"${flags[@]}" -o "$1" ./plugin
	)
	if [ "$target" != wasip1 ]; then
		check_variables
	fi
}

# check_variables makes sure that variables_start is the first variable: the collector frees what only a variable
# before it points to.
check_variables() {
	local first
	first=$(awk '$NF == ".data" { getline; getline; print $NF; exit }' "$temp/link.map")
	[ "$first" = variables_start ] || die "the linker puts a variable before variables_start: ${first:-none}"
}

# Choosing the compiler

# find_tinygo sets tinygo (empty: to be bootstrapped), version, llvm and origin.
find_tinygo() {
	tinygo=
	if [ -n "${TINYGO-}" ]; then
		try "$TINYGO" "from TINYGO" || die "TINYGO=$TINYGO: $refusal"
	elif command -v tinygo >/dev/null && ! try "$(command -v tinygo)" "from PATH"; then
		say "ignoring the tinygo on PATH: $refusal"
	fi
	if [ -z "$tinygo" ]; then
		version=$tinygo_version
		origin=bootstrapped
	fi
}

# try takes the command as the compiler, or fails and sets refusal.
try() {
	local answer pattern='^tinygo version (([0-9]+)\.([0-9]+)[^ ]*).*LLVM version ([0-9]+)'
	answer=$("$1" version 2>/dev/null) || true
	if ! [[ $answer =~ $pattern ]]; then
		refusal="it does not tell its version"
		return 1
	fi
	if ((BASH_REMATCH[2] == 0 && BASH_REMATCH[3] < 41)); then
		refusal="it is ${BASH_REMATCH[1]}, and 0.41 or newer is needed"
		return 1
	fi
	tinygo=$1
	origin=$2
	version=${BASH_REMATCH[1]}
	llvm=${BASH_REMATCH[4]}
}

# prepare_tinygo sets target, and bootstraps the compiler where none was found.
prepare_tinygo() {
	if [ -n "$tinygo" ]; then
		target=wasip1
		return
	fi
	TINYGOROOT=$("$here/install-tinygo.sh")
	export TINYGOROOT
	tinygo=$TINYGOROOT/bin/tinygo
	target=$here/target.json
}

# Shrinking the module

# shrink optimises once more, now without names: TinyGo's own run of wasm-opt keeps them, even with
# -no-debug.
shrink() {
	local wasm_opt
	wasm_opt=$(find_wasm_opt)
	if [ -z "$wasm_opt" ]; then
		say "no wasm-opt found: the module keeps its names"
		mv "$1" "$2"
		return
	fi
	drop_exports "${wasm_opt%wasm-opt}wasm-metadce" "$1"
	"$wasm_opt" -Oz "${features[@]}" --strip-debug --strip-producers --strip-target-features "$1" -o "$2"
}

# drop_exports METADCE MODULE keeps the exports that hosts call. TinyGo adds malloc and free for C
# code, of which there is none; with the hash map in which they keep count, they take four kilobytes.
drop_exports() {
	if ! command -v "$1" >/dev/null; then
		say "no wasm-metadce beside wasm-opt: the module keeps malloc and free"
		return
	fi
	local name
	for name in memory _initialize describe call; do
		printf '{"name":"%s","root":true,"export":"%s"},' "$name" "$name"
	done | sed 's/^/[/; s/,$/]/' >"$2.json"
	"$1" "${features[@]}" -g --graph-file="$2.json" "$2" -o "$2" >/dev/null
}

# TinyGo's releases bring a wasm-opt of their own, which is not on PATH.
find_wasm_opt() {
	command -v "${WASMOPT:-wasm-opt}" || command -v "$("$tinygo" env TINYGOROOT)/bin/wasm-opt" || true
}

main "$@"
