# shellcheck shell=bash
# What every script needs of Node: the runtime itself and the packages of the lock file. Sourced from the repository root.

readonly NODE_NEEDED=20.19

die() {
  printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

need_node() {
  command -v node >/dev/null || die "Node >= $NODE_NEEDED is needed and there is none on PATH; see https://nodejs.org/en/download"
  node -e 'const [have, need] = [process.versions.node, process.argv[1]].map((v) => v.split(".").map(Number));
           process.exit(have[0] > need[0] || (have[0] === need[0] && have[1] >= need[1]) ? 0 : 1)' "$NODE_NEEDED" ||
    die "Node >= $NODE_NEEDED is needed, this is $(node --version) ($(command -v node))"
}

# Installs the packages of the lock file, unless they are there already (npm leaves a copy of the lock when it is done).
need_node_packages() {
  need_node
  [[ package-lock.json -nt node_modules/.package-lock.json ]] || return 0
  command -v npm >/dev/null || die 'npm is needed to install the Node packages and is not on PATH'
  echo 'Installing Node packages (npm ci) …' >&2
  npm ci --no-progress --loglevel=error >&2 || die 'npm ci failed; the lines above say why'
}
