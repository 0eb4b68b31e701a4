#!/usr/bin/env bash
# Prints the folder of a TinyGo that was built here from its Go module, making it when it is
# missing. For machines without a TinyGo release; build asks for it by itself.
#
# The folder holds bin/tinygo, the sources that TinyGo compiles into every program (TINYGOROOT),
# and in lib/ what target.json links: TinyGo's own libc and compiler-rt are git submodules, which a
# Go module does not contain, so Debian's take their place.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=plugin/build/common.sh
. "$here/common.sh"
# shellcheck source=plugin/build/packages.sh
. "$here/packages.sh"

packages=(
	"llvm-$llvm-dev" "libclang-$llvm-dev" # to build TinyGo
	"clang-$llvm" "lld-$llvm" binaryen    # TinyGo runs clang, wasm-ld and wasm-opt
	wasi-libc "libclang-rt-$llvm-dev-wasm32"
)

main() {
	choose_go
	require_debian
	install_packages packages "TinyGo $tinygo_version is built with LLVM $llvm and Debian's WASI library" \
		"install TinyGo 0.41 or newer: $tinygo_install" "${packages[@]}"
	local folder
	folder=$(cache_folder)
	if ! [ -d "$folder" ]; then
		make_folder "$folder"
	fi
	printf '%s\n' "$folder"
}

require_debian() {
	if has_apt; then
		return
	fi
	if [ "$(uname -s)" = Darwin ]; then
		# The formula lives in a tap, and Homebrew 6 wants to be told to trust a tap.
		die "TinyGo 0.41 or newer is missing: run" \
			"\`brew tap tinygo-org/tools && brew trust tinygo-org/tools && brew install tinygo\`" \
			"(without \`brew trust\` before Homebrew 6)"
	fi
	die "TinyGo is missing: install TinyGo 0.41 or newer: $tinygo_install"
}

# The folder

# cache_folder prints the folder's name: everything that decides what is in it is in the hash.
cache_folder() {
	local hash
	hash=$(
		{
			cat "$here"/{install-tinygo.sh,common.sh,libc_stub.c,tinygo/go.mod,tinygo/go.sum}
			installed_packages "${packages[@]}"
			printf '%s %s\n' "$go_version" "$(uname -m)"
		} | cksum | tr ' ' -
	)
	printf '%s\n' "$cache/tinygo-$tinygo_version-$hash"
}

# make_folder fills a temporary folder next to the final one and renames it, so that the final one
# is whole whenever it exists.
make_folder() {
	step tinygo "building TinyGo $tinygo_version from its Go module, a minute or two, once"
	mkdir -p "$(dirname "$1")"
	temp=$(mktemp -d "$1.XXXXXX")
	trap 'rm -rf "$temp"' EXIT
	build_compiler
	copy_root
	scan_variables_only
	add_libraries
	chmod 755 "$temp" # mktemp made it 700
	place "$temp" "$1"
}

# clang is a package of ours anyway; with it, no other C and C++ compiler is needed.
build_compiler() {
	cd "$here/tinygo"
	during "building TinyGo" env CGO_ENABLED=1 CC="clang-$llvm" CXX="clang++-$llvm" GOWORK=off \
		go build -trimpath -tags "llvm$llvm" -o "$temp/bin/tinygo" github.com/tinygo-org/tinygo >&2
}

# src/net is a git submodule too. TinyGo only wants the folder to be there.
copy_root() {
	local module
	module=$(cd "$here/tinygo" && GOWORK=off go list -m -f '{{.Dir}}' github.com/tinygo-org/tinygo)
	cp -R "$module/src" "$module/targets" "$temp"
	chmod -R u+w "$temp" # the module cache is read-only
	mkdir "$temp/src/net"
}

# scan_variables_only makes the collector look for pointers in variables only. On WebAssembly it also looks in the
# constants, 48 KB before them, and keeps each dead block that a word there happens to point into. TinyGo's other
# targets have symbols of the linker for this; here libc_stub.c defines one (RATIONALE.md, "Why is TinyGo patched?").
scan_variables_only() {
	local file=$temp/src/runtime/arch_tinygowasm.go
	sed -e 's|^\(.globalsStart = uintptr(unsafe.Pointer(&\)globalsStartSymbol|\1variablesStartSymbol|' \
		-e 's|^//go:extern __global_base|//go:extern variables_start\
var variablesStartSymbol [0]byte\
\
&|' "$file" >"$file.new"
	mv "$file.new" "$file"
	[ "$(grep -c variablesStartSymbol "$file")" = 2 ] || die "TinyGo $tinygo_version names its globals otherwise: adapt scan_variables_only"
}

add_libraries() {
	local clang=("clang-$llvm" --target=wasm32-unknown-wasi)
	mkdir "$temp/lib"
	"${clang[@]}" -Oz -c "$here/libc_stub.c" -o "$temp/lib/stub.o"
	cp "$("${clang[@]}" -print-file-name=libc.a)" "$temp/lib/libc.a"
	cp "$("${clang[@]}" -rtlib=compiler-rt -print-libgcc-file-name)" "$temp/lib/builtins.a"
}

main "$@"
