#!/bin/sh
# Debian's mosquitto, which the MQTT tests need: installed where we may (root, apt-get), otherwise named. Never fails:
# without it those tests are skipped with the reason.
if command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    policy=/usr/sbin/policy-rc.d # keeps the package from starting a broker of its own
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && trap 'rm -f "$policy"' EXIT INT TERM
    fi
    export DEBIAN_FRONTEND=noninteractive
    install="timeout 120 apt-get install -y -qq --no-install-recommends mosquitto"
    if $install >/dev/null 2>&1 || { timeout 120 apt-get update -qq >/dev/null 2>&1 && $install >/dev/null 2>&1; }; then
        exit 0
    fi
fi
echo "mosquitto is not installed (Debian package mosquitto): the MQTT tests will be skipped" >&2
exit 0
