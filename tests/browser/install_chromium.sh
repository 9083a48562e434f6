#!/bin/sh
# Sees to it that the browser tests find a Chromium: one that is installed, the distribution's, or else Playwright's.
set -e
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends chromium && exit 0
fi
"${PYTHON:-.venv/bin/python}" -m playwright install chromium
