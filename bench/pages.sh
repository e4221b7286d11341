#!/usr/bin/env bash
# How long reports of many operations take in Chromium and Firefox: file, opening to the first anomaly, a step of zoom
# or pan. Usage: script/bench pages [OPERATIONS]   (1000000; one page with few texts, one with nothing but unique ones)
set -euo pipefail
cd "$(dirname "$0")/.."
web=$PWD/build/release/web
cmake --build --preset release --target report_examples >/dev/null
mkdir -p "$web"
cp -r reports/web/{package.json,package-lock.json,.npmrc,test} "$web"/
cd "$web"
[ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund >/dev/null
../report_examples bench "${1:-1000000}"
node test/page.mjs bench/*.html
