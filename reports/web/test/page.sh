#!/usr/bin/env bash
# page.sh WORK EXAMPLES ASSAY: are the checked-in pages what the sources build, and are they right in browsers?
# Copies the sources to WORK, installs the locked packages there, builds and compares, lets the program EXAMPLES write
# pages, logs in SARIF and ASSAY serve a store, and looks at them. Says "skipped: …" where there is no npm, registry or browser.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$1 examples=$2 assay=$3
command -v npm >/dev/null || { echo "skipped: no npm"; exit 0; }
command -v chromium >/dev/null || { echo "skipped: no chromium"; exit 0; }
mkdir -p "$work"
rm -rf "$work"/{src,test,built}
cp -r "$here"/{package.json,package-lock.json,.npmrc,tsconfig.json,vite.config.ts,src,test} "$here"/*.html "$work"/
cd "$work"
if ! cmp -s package-lock.json installed-lock.json; then
  npm ping >/dev/null 2>&1 || { echo "skipped: no package registry can be reached"; exit 0; }
  npm ci --ignore-scripts --no-audit --no-fund >/dev/null
  cp package-lock.json installed-lock.json
fi
npm run --silent build >build.log 2>&1 || { cat build.log; exit 1; }
for page in built/*.html; do
  cmp "$page" "$here/$page" || { echo "reports/web/$page is not what the sources build: run 'npm run build' there"; exit 1; }
done
"$examples" pages
node test/schemas.mjs pages/*.sarif
node test/store.mjs store
coproc "$assay" serve --store store --port 0 2>serve.log
server=$COPROC_PID
trap 'kill "$server" 2>/dev/null || true' EXIT
read -r address <&"${COPROC[0]}" || { cat serve.log; exit 1; }
node test/served.mjs "$address" pages
node test/page.mjs pages/*.html
