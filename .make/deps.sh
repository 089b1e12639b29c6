#!/bin/sh
# deps.sh build|play|test|clients: makes sure that the system packages are there which Go can't fetch.
#
# Silent and quick when nothing is missing. What the speaker needs to compile is required; the rest
# is a convenience, and without it the run goes on and says what will be lacking.
set -eu

purpose=${1:?usage: deps.sh build|play|test}
system=$(uname -s)

has() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'deps: %s\n' "$*" >&2; }

# has_compiler: a compiler alone is not enough, Debian packs the C library's headers apart.
has_compiler() {
	compiler=${CC:-cc}
	has "${compiler%% *}" || compiler=gcc
	has "${compiler%% *}" && printf '#include <stdlib.h>\n' | $compiler -E -x c - >/dev/null 2>&1
}
has_alsa() { has pkg-config && pkg-config --exists alsa; }
has_certificates() {
	[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] ||
		[ -e /etc/ssl/cert.pem ] || [ -e /etc/ssl/ca-bundle.pem ] || [ -n "${SSL_CERT_FILE:-}" ]
}

# missing_required prints what can't be done without, under Debian's names.
missing_required() {
	[ "$system" = Linux ] || return 0
	if [ "${CGO_ENABLED:-1}" != 0 ]; then
		has_compiler || echo gcc libc6-dev
		has pkg-config || echo pkg-config
		has_alsa || echo libasound2-dev
	fi
	has_certificates || echo ca-certificates
}

# missing_optional prints what makes more possible. These names are the same everywhere.
missing_optional() {
	case $purpose in
	clients)
		for tool in ffmpeg mpv npm; do has "$tool" || echo "$tool"; done
		has chromium || has chromium-browser || has google-chrome || echo chromium
		has node || echo nodejs
		has gst-launch-1.0 || echo gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav
		;;
	test)
		for tool in ffmpeg flac mpg123 lame; do has "$tool" || echo "$tool"; done
		has opusdec || echo opus-tools
		has oggdec || echo vorbis-tools
		;;
	esac
}

reason() {
	case $1 in
	gcc) echo 'gcc and libc6-dev: sound output and the race detector are compiled with cgo' ;;
	pkg-config) echo 'pkg-config: finds the ALSA headers' ;;
	libasound2-dev) echo 'libasound2-dev: the ALSA headers, for the speaker' ;;
	ca-certificates) echo 'ca-certificates: to fetch Go modules over https' ;;
	ffmpeg) echo 'ffmpeg: tests compare with its decoders' ;;
	mpv | chromium | gstreamer1.0-tools) echo "$1: a player to play our streams in" ;;
	nodejs | npm) echo "$1: to install and steer the players for browsers" ;;
	flac | mpg123 | lame | opus-tools | vorbis-tools) echo "$1: a yardstick of the tests" ;;
	esac
}

lacking() {
	case $1 in
	mpv | chromium | gstreamer1.0-* | nodejs | npm) echo "without $1 some clients are not tested" ;;
	ffmpeg | flac | mpg123 | lame | opus-tools | vorbis-tools) echo "without $1 the tests that compare with it are skipped" ;;
	esac
}

# as_root runs a command with the rights to install.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif has sudo; then
		if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
	else
		return 1
	fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
apt_install() { apt install -y --no-install-recommends "$@" >"$log" 2>&1; }

# install_apt asks for everything at once. Where that fails the lists may be old, so they are fetched
# and it asks again; then piece by piece, because one package that can't be had must not cost the rest.
install_apt() {
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
		say 'fetching the package lists (apt-get update)'
		apt update >"$log" 2>&1 || true
	fi
	apt_install "$@" && return
	say 'that failed; once more with fresh package lists (apt-get update)'
	apt update >"$log" 2>&1 || true
	apt_install "$@" && return
	required=$(missing_required)
	# shellcheck disable=SC2086 # a list of names
	[ -z "$required" ] || apt_install $required || sed 's/^/deps: apt: /' "$log" >&2
	for package in $(missing_optional); do
		apt_install "$package" || say "$package could not be installed: $(tail -n 1 "$log")"
	done
}

install_brew() {
	for package in "$@"; do
		HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "$package" || say "$package could not be installed"
	done
}

# finish says what is still lacking, and fails where something required is.
finish() {
	for package in $(missing_optional); do
		say "going on, though $(lacking "$package")"
	done
	required=$(missing_required | tr '\n' ' ')
	[ -z "$required" ] && exit 0
	case $required in
	ca-certificates*) say 'going on without ca-certificates: fetching Go modules may fail' && exit 0 ;;
	esac
	say "still missing: $required(Debian's names; elsewhere: a C compiler with its headers, pkg-config, alsa-lib's headers)"
	say 'the speaker and the race detector are compiled with them; CGO_ENABLED=0 make play goes without a speaker'
	exit 1
}

wanted=$(missing_required && missing_optional)
[ -n "$wanted" ] || exit 0
# shellcheck disable=SC2086 # a list of names
wanted=$(printf '%s ' $wanted)

if [ "$system" = Linux ] && has apt-get; then
	installer=apt
elif has brew; then
	installer=brew
else
	say "please install $wanted(these are the names on Debian and in Homebrew); no installer that is known here"
	finish
fi

if [ "$installer" = apt ] && [ "$(id -u)" != 0 ] && ! has sudo; then
	say "not root, and there is no sudo: please have someone run apt-get install $wanted"
	finish
fi
for package in $wanted; do
	why=$(reason "$package")
	[ -z "$why" ] || say "$installer installs $why"
done
# shellcheck disable=SC2086 # a list of names
case $installer in
apt) install_apt $wanted ;;
brew) install_brew $wanted ;;
esac
finish
