#!/bin/sh
# Debian's mosquitto, which the MQTT tests need, tshark, which those of captures compare with, and Chromium, which those of
# the console need: installed where we may (root, apt-get), otherwise named. Never fails: without one, its tests are skipped with the reason.
present() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}
missing=
present mosquitto || missing="mosquitto"
present tshark || missing="$missing tshark"
present chromium || present chromium-browser || [ -n "${INFRASTRESS_CHROMIUM:-}" ] || missing="$missing chromium fonts-liberation"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    policy=/usr/sbin/policy-rc.d # keeps a package from starting a broker of its own
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && trap 'rm -f "$policy"' EXIT INT TERM
    fi
    export DEBIAN_FRONTEND=noninteractive
    listed=
    for package in $missing; do
        install="timeout 300 apt-get install -y -qq --no-install-recommends $package"
        $install >/dev/null 2>&1 && continue
        [ -n "$listed" ] || timeout 120 apt-get update -qq >/dev/null 2>&1
        listed=yes
        $install >/dev/null 2>&1 || true
    done
fi
present mosquitto || echo "mosquitto is not installed (Debian package mosquitto): the MQTT tests will be skipped" >&2
present tshark || echo "tshark is not installed (Debian package tshark): the tests that ask it will be skipped" >&2
present chromium || present chromium-browser || [ -n "${INFRASTRESS_CHROMIUM:-}" ] ||
    echo "Chromium is not installed (Debian package chromium; or name one in INFRASTRESS_CHROMIUM): the console's tests will be skipped" >&2
exit 0
