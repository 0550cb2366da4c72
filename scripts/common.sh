# shellcheck shell=bash
# Sourced by the scripts beside it: where things are, how many jobs, and how to say what happens.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OSPROXY_PARTS_DIR=${OSPROXY_PARTS_DIR:-$root/.parts}
# Where ccache is there, a second clone finds what the first one compiled.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# One job a core, but no more than memory bears: a file that includes gRPC or Asio takes up to
# 2 GiB to compile.
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
