#!/usr/bin/env bash
# Prints the folder of a Go tree in which the packages below goroot/ here take the place of the
# standard library's, and everything else is the machine's own Go. Makes it when it is missing: a
# few hundred links.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
goroot=$here/goroot
# shellcheck source=plugin/build/common.sh
. "$here/common.sh"

replaced=src/internal/godebug

main() {
	choose_go
	local own folder
	own=$(cd "$root" && go env GOROOT)
	folder=$cache/goroot-$(key "$own")
	if ! [ -d "$folder" ]; then
		make_folder "$own" "$folder"
	fi
	printf '%s\n' "$folder"
}

# key differs for every Go and every replacement. (macOS has no sha256sum.)
key() {
	{
		printf '%s %s\n' "$1" "$go_version"
		cat "$goroot.sh" "$goroot/$replaced"/*
	} | cksum | tr ' ' -
}

# make_folder fills a temporary folder next to the final one and renames it, so that the final one
# is whole whenever it exists.
make_folder() {
	mkdir -p "$(dirname "$2")"
	temp=$(mktemp -d "$2.XXXXXX")
	trap 'rm -rf "$temp"' EXIT
	link_around "$1" "$temp/go" "$replaced"
	patch_strconv "$1/src/strconv" "$temp/go/src/strconv"
	mv "$temp/go" "$temp/${temp##*/}"
	place "$temp/${temp##*/}" "$2"
}

# patch_strconv FROM TO makes Go 1.26's strconv compare its error codes as numbers. It compares them
# as interfaces, for which TinyGo needs the names of all types: seven kilobytes.
patch_strconv() {
	local as_interfaces='switch err {' as_numbers='switch code, _ := err.(strconv.Error); code {'
	if ! grep -q "$as_interfaces" "$1/number.go" 2>/dev/null; then
		return
	fi
	rm "$2"
	mkdir "$2"
	ln -s "$1"/* "$2"
	rm "$2/number.go"
	sed "s/$as_interfaces/$as_numbers/" "$1/number.go" >"$2/number.go"
}

# link_around FROM TO PATH links what is in FROM into a new folder TO, but for PATH, which it copies
# from here.
link_around() {
	local first=${3%%/*} rest=${3#*/}
	mkdir "$2"
	ln -s "$1"/* "$2"
	rm "$2/$first"
	if [ "$first" = "$rest" ]; then
		cp -R "$goroot/$replaced" "$2/$first"
	else
		link_around "$1/$first" "$2/$first" "$rest"
	fi
}

main "$@"
