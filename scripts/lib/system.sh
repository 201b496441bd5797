# shellcheck shell=bash
# What the lab and the tests on real parts need of the machine. Sourced after node.sh.

# A script started by cron or `su` may lack the folders where mkfs.xfs and losetup live.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# What the lab needs, program:Debian package.
# shellcheck disable=SC2034 # for scripts/bench, scripts/rehearse, scripts/soak and scripts/test
readonly LAB_NEEDS=(
  mariadbd:mariadb-server mariadb-install-db:mariadb-server mariadb-binlog:mariadb-client mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs
  losetup:mount mount:mount fsfreeze:util-linux flock:util-linux unshare:util-linux nsenter:util-linux
)

# What the lab needs besides to run servers that the distribution does not carry (--server); a path stands for a file
# that is no program.
# shellcheck disable=SC2034 # for scripts/rehearse and scripts/test
readonly OTHER_SERVERS_NEED=(
  debootstrap:debootstrap /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring chroot:coreutils
)

# What the tier integration needs besides, for file systems that the lab does not have.
# shellcheck disable=SC2034 # for scripts/test
readonly EXT4_NEEDS=(mkfs.ext4:e2fsprogs)

# What the tier integration needs besides, for AWS behind a proxy, by TLS.
# shellcheck disable=SC2034 # for scripts/test
readonly TLS_NEEDS=(openssl:openssl)

# What the tier vm needs to make its guest and to run it.
# shellcheck disable=SC2034 # for scripts/test
readonly VM_NEEDS=(
  qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap mkfs.ext4:e2fsprogs unshare:util-linux setpriv:util-linux
  /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring
)

# What scripts/lib/lint-shell.mjs runs.
# shellcheck disable=SC2034 # for scripts/test
readonly SHELL_LINT_NEEDS=(shellcheck:shellcheck shfmt:shfmt git:git)

missing_packages() { # NEED...
  local entry
  for entry in "$@"; do
    [[ $entry == /* && -e ${entry%%:*} ]] || command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
  done | sort -u | xargs
}

need_system_packages() { # NEED...
  (($#)) || die 'need_system_packages has to be told what is needed'
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  command -v apt-get >/dev/null || die "this machine has no apt-get; please install (Debian's names): $missing"
  ((EUID == 0)) || die "root is needed to install: $missing"
  echo "Installing $missing (apt-get) …" >&2
  # shellcheck disable=SC2086 # a list of names
  apt_install $missing >&2 || die "apt-get could not install: $missing"
}

# Installs packages without starting their services: the lab runs database servers of its own.
# A subshell, so that the trap undoes the policy whatever happens.
apt_install() (
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\n# Written by mysql-ebs-snapshot while it installs packages; remove it if it is still here.\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  options=(-q -o DPkg::Lock::Timeout=300)
  apt-get "${options[@]}" update && apt-get "${options[@]}" install --yes --no-install-recommends "$@" </dev/null
)
