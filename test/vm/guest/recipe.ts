/** What the guest's disk is made of: packages of the distribution, the Node that runs the tests, and these few files. */
export const RECIPE = {
  suite: 'bookworm',
  diskGiB: 4,

  packages: [
    // A machine that boots, and through which commands are run in it.
    ...['linux-image-cloud-amd64', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'iproute2', 'procps', 'qemu-guest-agent'],
    // What a database host has.
    ...['mariadb-server', 'xfsprogs', 'e2fsprogs', 'ca-certificates'],
    // The storage stacks.
    ...['mdadm', 'lvm2', 'thin-provisioning-tools', 'cryptsetup-bin', 'fdisk'],
  ],

  files: {
    '/etc/hostname': 'guest\n',
    '/etc/fstab': '/dev/nvme0n1 / ext4 defaults 0 1\n',
    // A fixed address of QEMU's user network: a DHCP client takes seconds.
    '/etc/systemd/network/10-user-network.network':
      '[Match]\nType=ether\n\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n',
    // Stacks are built and put back by what a test does. By these rules udev would assemble the arrays that it finds,
    // and activate their volume groups.
    '/etc/udev/rules.d/64-md-raid-assembly.rules': '',
    '/etc/udev/rules.d/69-lvm.rules': '',
    // Debian's check of all tables after each start would get in the way of what a test does to the server.
    '/etc/systemd/system/mariadb.service.d/no-table-check.conf': '[Service]\nExecStartPost=\n',
  },

  /** Started at boot besides what the packages say. */
  enabled: ['systemd-networkd.service'],
  /** Not started at boot: a test starts its server on the volumes that it has made; the rest only costs time. */
  disabled: [
    ...['mariadb.service', 'systemd-networkd-wait-online.service', 'getty@.service', 'e2scrub_reap.service'],
    ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ],
} as const;
