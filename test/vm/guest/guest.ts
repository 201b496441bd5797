import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyBytes, type Drive, type GuestDisk, makeDrive } from './drive.ts';
import { type Finished, GuestAgent } from './guest-agent.ts';
import { type GuestImage, guestImage } from './image.ts';
import { Monitor } from './monitor.ts';
import { QemuLine } from './qemu-line.ts';

/** A machine of its own: Debian with systemd as pid 1 and a kernel that has NVMe, md and device-mapper. */
export interface Guest extends AsyncDisposable {
  /** Runs a program as root to its end, whatever its end is. */
  finish(argv: readonly string[], input?: string | Buffer): Promise<Finished>;
  /** Runs a program as root and answers its stdout, trimmed. Throws with what it complained of unless it ends with 0. */
  run(argv: readonly string[], input?: string | Buffer): Promise<string>;
  /** Writes a file, and the folders above it; `mode` in octal. */
  install(path: string, content: string | Buffer, mode: string): Promise<void>;
  /** Copies disks, serial -> file, all at one moment: the whole machine stands still meanwhile. */
  copyDisks(files: ReadonlyMap<string, string>): Promise<void>;
}

/** The serial of the root disk. */
export const ROOT_SERIAL = 'vol00000000000000000';

/** Where the guest finds what listens on this machine's 127.0.0.1 [QEMU, user mode networking]. */
export const HOST_ADDRESS = '10.0.2.2';

/** Where udev links a disk to in the guest. */
export const diskPath = ({ serial }: GuestDisk): string => `/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_${serial}`;

const BOOT_DEADLINE_MS = 300_000;
const COMMAND_DEADLINE_MS = 300_000;

/** Boots a guest with these disks, and waits until systemd has started all. What it has written goes with it. */
export async function bootGuest(disks: readonly GuestDisk[]): Promise<Guest> {
  const image = await guestImage();
  const folder = await mkdtemp(join(tmpdir(), 'mysql-ebs-snapshot-guest-'));
  const machine = await startMachine(image, disks, folder);
  const end = async () => {
    await machine.end();
    await rm(folder, { recursive: true });
  };
  try {
    const agent = await Promise.race([machine.agent, machine.diedEarly, tooLate(BOOT_DEADLINE_MS)]);
    const guest = guestOf(agent, machine, end);
    await guest.run(['systemctl', 'is-system-running', '--wait']);
    return guest;
  } catch (error) {
    const console = await readFile(consoleOf(folder), 'utf8').catch(() => '');
    await end();
    throw new Error(`the guest does not boot; its console ends with: ${console.slice(-1000)}`, { cause: error });
  }
}

function guestOf(agent: GuestAgent, { copyDisks }: Machine, end: () => Promise<void>): Guest {
  const finish: Guest['finish'] = (argv, input = '') => agent.run(argv, input, COMMAND_DEADLINE_MS);
  const run: Guest['run'] = async (argv, input) => {
    const { status, stdout, stderr } = await finish(argv, input);
    if (status !== 0) throw new Error(`${argv.join(' ')} (${status ?? 'killed'}): ${stderr.trim() || stdout.trim()}`);
    return stdout.trim();
  };
  return {
    finish,
    run,
    install: async (path, content, mode) => {
      await run(['install', '-D', `--mode=${mode}`, '/dev/stdin', path], content);
    },
    copyDisks,
    [Symbol.asyncDispose]: end,
  };
}

/** QEMU, and the line to the agent in it. */
interface Machine {
  /** The guest's agent, once it answers. */
  readonly agent: Promise<GuestAgent>;
  /** Rejects when QEMU ends, with what it complained of. */
  readonly diedEarly: Promise<never>;
  copyDisks: Guest['copyDisks'];
  end(): Promise<void>;
}

async function startMachine(image: GuestImage, disks: readonly GuestDisk[], folder: string): Promise<Machine> {
  const root: Drive = { serial: ROOT_SERIAL, file: image.disk, takesWrites: false };
  const drives = [root, ...(await Promise.all(disks.map((disk) => makeDrive(disk, folder))))];
  const [agentSocket, monitorSocket] = [await listen(agentSocketOf(folder)), await listen(monitorSocketOf(folder))];
  const agent = agentSocket.line.then(async (line) => {
    const connected = new GuestAgent(line);
    await connected.ping();
    return connected;
  });
  agent.catch(() => {});
  const monitor = monitorSocket.line.then((line) => new Monitor(line));

  // Should this process be killed, the guest goes with it.
  const argv = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...qemuArguments(image.kernel, drives, folder)];
  const qemu = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(qemu, 'close').catch(() => {});
  const diedEarly = complaintOf(qemu);
  diedEarly.catch(() => {});
  return {
    agent,
    diedEarly,
    async copyDisks(wanted) {
      const copies = drives.flatMap((drive) => {
        const to = wanted.get(drive.serial);
        return to === undefined ? [] : [{ drive, to }];
      });
      if (copies.length !== wanted.size) throw new Error(`no such disks: ${[...wanted.keys()].join(', ')}`);
      await (await monitor).whileStopped(async () => {
        for (const { drive, to } of copies) await copyBytes(drive, to);
      });
    },
    async end() {
      qemu.kill('SIGKILL');
      await closed;
      for (const socket of [agentSocket, monitorSocket]) socket.close();
    },
  };
}

/** A socket that QEMU connects to. */
async function listen(path: string): Promise<{ readonly line: Promise<QemuLine>; close(): void }> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const line = once(server, 'connection').then(([socket]: Socket[]) => new QemuLine(socket as Socket));
  return { line, close: () => void server.close() };
}

const agentSocketOf = (folder: string): string => join(folder, 'agent.sock');
const monitorSocketOf = (folder: string): string => join(folder, 'monitor.sock');
const consoleOf = (folder: string): string => join(folder, 'console.log');

/**
 * Emulated, not virtualised: KVM is not to be had everywhere, and where it is nested it is not to be relied on. The
 * kernel has NVMe and ext4 built in, so it needs no initial RAM disk. The first drive is the root disk.
 */
function qemuArguments(kernel: string, drives: readonly Drive[], folder: string): readonly string[] {
  return [
    ...['-accel', 'tcg,thread=multi', '-machine', 'q35', '-cpu', 'max', '-smp', '2', '-m', '2048'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${consoleOf(folder)}`],
    ...['-kernel', kernel, '-append', 'root=/dev/nvme0n1 rw console=ttyS0 quiet mitigations=off'],
    ...drives.flatMap(({ serial, file, takesWrites }) => [
      '-drive',
      `file=${file},format=raw,if=none,id=${serial},cache=unsafe${takesWrites ? '' : ',snapshot=on'}`,
      ...['-device', `nvme,drive=${serial},serial=${serial}`],
    ]),
    ...['-netdev', 'user,id=network', '-device', 'virtio-net-pci,netdev=network'],
    ...['-chardev', `socket,id=agent,path=${agentSocketOf(folder)}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-chardev', `socket,id=monitor,path=${monitorSocketOf(folder)}`, '-mon', 'chardev=monitor,mode=control'],
  ];
}

async function complaintOf(qemu: ChildProcess): Promise<never> {
  let complaints = '';
  qemu.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  await once(qemu, 'close');
  throw new Error(`QEMU has ended: ${complaints.trim()}`);
}

async function tooLate(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  throw new Error(`no answer from its agent within ${ms} ms`);
}
