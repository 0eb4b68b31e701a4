# shellcheck shell=bash
# The one place that installs system packages. Sourced, never run; it needs progress.sh.
#
# It says what it is about to install, and why, and installs with apt-get, as root or with a sudo that asks no password. Where it
# cannot, it ends with the command that does.

has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

# A build must never stop to ask for a password.
may_install() {
	has_apt && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }
}

# install_packages STEP WHY OTHERWISE PACKAGE... installs those of the packages that are missing. WHY is a clause: "the page needs a
# browser". OTHERWISE is what else would do.
install_packages() {
	local name=$1 why=$2 otherwise=$3 missing
	shift 3
	missing=$(missing_packages "$@")
	if [ -z "$missing" ]; then
		return
	fi
	# shellcheck disable=SC2086 # names of packages hold no blanks
	set -- $missing
	if ! may_install; then
		die "$why: run \`sudo apt-get update && sudo apt-get install --no-install-recommends $*\`, or $otherwise"
	fi
	step "$name" "$why: installing with apt-get $*"
	update_lists
	refuse_unknown_packages "$otherwise" "$@"
	quietly "installing" apt_get install -y --no-install-recommends "$@" ||
		die "apt-get could not install $*: see above, or $otherwise"
}

missing_packages() {
	local package present
	present=$(installed_packages "$@")
	for package in "$@"; do
		if ! grep -q "^$package " <<<"$present"; then
			printf '%s\n' "$package"
		fi
	done
}

# installed_packages prints "name version" for each of the packages that is installed. dpkg-query
# fails when it does not know one of them.
installed_packages() {
	dpkg-query -W -f='${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p' || true
}

# Lists that cannot be refreshed may still be good enough.
update_lists() {
	quietly "reading the package lists" apt_get update ||
		say "apt-get update failed: going on with the package lists as they are"
}

apt_get() {
	local as_root=''
	[ "$(id -u)" -eq 0 ] || as_root="sudo -n"
	# shellcheck disable=SC2086 # two words, or none
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"
}

# Older releases (Ubuntu 22.04, say) have no LLVM 19.
refuse_unknown_packages() {
	local package otherwise=$1 unknown=
	shift
	for package in "$@"; do
		apt-cache show "$package" >/dev/null 2>&1 || unknown="$unknown $package"
	done
	if [ -n "$unknown" ]; then
		die "$(release_name) has no package$unknown: $otherwise"
	fi
}

release_name() {
	(. /etc/os-release && printf '%s\n' "$PRETTY_NAME") 2>/dev/null || echo "This release"
}
