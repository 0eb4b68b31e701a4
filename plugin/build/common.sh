# shellcheck shell=bash disable=SC2034,SC2154
# What install-tinygo.sh, build.sh and goroot.sh share. Sourced, never run: it needs $here, the folder of this
# file.

# shellcheck source=plugin/build/progress.sh
. "$here/progress.sh"

root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dingtalk-plugin
tinygo_install=https://tinygo.org/getting-started/install/

# The version of TinyGo that is bootstrapped is written down once, in the module that builds it.
tinygo_version=$(sed -n 's|^require github.com/tinygo-org/tinygo v||p' "$here/tinygo/go.mod")
llvm=19

# TinyGo 0.41 takes Go 1.25 and 1.26 and nothing else. The go command fetches this one by itself
# where the machine's own Go is older or newer.
go_fallback=go1.26.8

# place renames a new folder to its final name. Where another process was faster, mv puts it into that one's folder, where it is
# removed: the two are the same. (macOS has no mv -T.)
place() {
	mv "$1" "$2"
	rm -rf "${2:?}/${1##*/}"
}

# choose_go sets go_version, and the environment of every go and TinyGo command that follows.
#
# TinyGo also refuses a Go newer than the one it was built with, so both must see the same Go: the
# one that the project's own go.mod selects, pinned here, because the compiler's module would
# otherwise select its own.
choose_go() {
	command -v go >/dev/null || die "Go is missing: install Go 1.25 or 1.26 from https://go.dev/doc/install"
	settle_go_environment
	go_version=$(cd "$root" && go env GOVERSION)
	case $go_version in
	go1.25 | go1.25[!0-9]* | go1.26 | go1.26[!0-9]*) pin_go ;;
	*) replace_go ;;
	esac
}

# GOFLAGS may hold what TinyGo's "go list" cannot take (-mod=vendor, -race, -compiled). An empty
# value would fall back to what "go env -w" wrote, so it gets harmless words instead. GOOS and
# GOARCH would make the compiler itself a WebAssembly module.
settle_go_environment() {
	export GOFLAGS="-mod=readonly -buildvcs=false"
	unset GOOS GOARCH
}

# A distribution's Go may call itself "go1.26.1-something", which GOTOOLCHAIN does not take.
pin_go() {
	if [[ $go_version =~ ^go[0-9.]+$ ]]; then
		export GOTOOLCHAIN=$go_version
	fi
}

replace_go() {
	export GOTOOLCHAIN=$go_fallback
	# A Go before 1.21 knows nothing of GOTOOLCHAIN and answers with its own version.
	if [ "$(cd "$root" && go env GOVERSION)" != "$go_fallback" ]; then
		die "Go is $go_version and cannot fetch $go_fallback: install Go 1.25 or 1.26 from https://go.dev/doc/install"
	fi
	say "TinyGo $tinygo_version takes Go 1.25 and 1.26, and Go here is $go_version: using $go_fallback"
	go_version=$go_fallback
}
