#!/usr/bin/env bash
# Sees to it that programs are there which a make target needs: installs them on Debian and Ubuntu (packages.sh), and elsewhere ends
# with the command that does.
#
#	plugin/build/require.sh browser|curl|node|python|shellcheck ...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=plugin/build/progress.sh
. "$here/progress.sh"
# shellcheck source=plugin/build/packages.sh
. "$here/packages.sh"

main() {
	local need
	[ $# -gt 0 ] || usage
	for need in "$@"; do
		case $need in
		browser | curl | node | python | shellcheck) "require_$need" ;;
		*) usage ;;
		esac
	done
}

usage() { die "usage: require.sh browser|curl|node|python|shellcheck ..."; }

# obtain STEP WHY OTHERWISE BREW DNF PACKAGE... installs Debian's packages, or names what Homebrew or dnf would install.
obtain() {
	local name=$1 why=$2 otherwise=$3 brew=$4 dnf=$5
	shift 5
	if has_apt; then
		install_packages "$name" "$why" "$otherwise" "$@"
	elif [ "$(uname -s)" = Darwin ]; then
		die "$why: run \`brew install $brew\`, or $otherwise"
	elif command -v dnf >/dev/null; then
		die "$why: run \`sudo dnf install $dnf\`, or $otherwise"
	else
		die "$why: $otherwise"
	fi
}

# Each of these does nothing where the program is there.

require_browser() {
	local otherwise="set CHROME to the path of a Chromium, Chrome or Edge"
	set --
	if ! has_browser; then
		[ -z "${CHROME-}" ] || "$here/browser.sh" >/dev/null # ends with what is wrong with it
		set -- "$(chromium_package)"
	fi
	has_chinese_font || set -- "$@" fonts-noto-cjk
	if [ $# -eq 0 ]; then
		return
	fi
	obtain browser "the tests of the page need a browser and a Chinese font" "$otherwise" \
		"--cask google-chrome" chromium "$@"
	has_browser || die "the browser that was installed does not start: $otherwise"
}

has_browser() { "$here/browser.sh" >/dev/null 2>&1; }

# Ubuntu has Chromium as a snap, which a package of another name installs.
chromium_package() {
	if grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
		echo chromium-browser
	else
		echo chromium
	fi
}

# has_chinese_font looks only where a font can be installed: desktops bring theirs.
has_chinese_font() {
	! has_apt || [ -n "$(installed_packages fonts-noto-cjk)" ] || [ -n "$(fc-list :lang=zh 2>/dev/null)" ]
}

require_curl() {
	if ! { command -v curl && command -v openssl; } >/dev/null; then
		obtain tests "the tests run printed commands with curl and openssl" "install them" "curl openssl" "curl openssl" curl openssl
	fi
}

# An older Node.js is no reason to install one beside it.
require_node() {
	local why="the JavaScript SDK and the MCP Inspector need Node.js 20 or newer, and npm" otherwise="see https://nodejs.org"
	if has_node; then
		return
	fi
	if has_apt && ! apt_has_node; then
		die "$why, and $(release_name) has none: $otherwise"
	fi
	obtain node "$why" "$otherwise" node nodejs nodejs npm
}

has_node() {
	command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null
}

# Without lists, the version is not known, and installing refreshes them.
apt_has_node() {
	local version
	may_install && update_lists
	version=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge 20 ]
}

require_python() {
	if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
		obtain python "the Python SDK needs Python 3 with venv" "see https://www.python.org/downloads" \
			python python3 python3 python3-venv
	fi
}

require_shellcheck() {
	if ! command -v shellcheck >/dev/null; then
		obtain shellcheck "the scripts are checked with shellcheck" "see https://github.com/koalaman/shellcheck" \
			shellcheck ShellCheck shellcheck
	fi
}

main "$@"
