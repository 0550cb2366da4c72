# shellcheck shell=bash
# Sourced by the other scripts: common paths, the number of build jobs, and messages.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OSPROXY_PARTS_DIR=${OSPROXY_PARTS_DIR:-$root/.parts}
# With ccache, a second clone reuses the compiled files of the first.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# One job per core, but no more than memory allows: compiling a file that includes gRPC or Asio
# takes up to 2 GiB.
jobs() {
  local memory_kib cores
  memory_kib=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
  cores=$(nproc)
  local by_memory=$((memory_kib / (2 * 1024 * 1024)))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

say() {
  printf '== %s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
