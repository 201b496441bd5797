import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { EmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';
import { agentAccount } from '../../src/lab/hosts/agent-account.ts';
import { type InstanceId, VolumeId } from '../../src/shared/ids.ts';
import type { GuestDisk } from './guest/drive.ts';
import { type Guest, HOST_ADDRESS, ROOT_SERIAL } from './guest/guest.ts';
import type { Finished } from './guest/guest-agent.ts';
import { RECIPE } from './guest/recipe.ts';
import { relayTo } from './guest/relay.ts';

const BUNDLE = join(import.meta.dirname, '../../dist/agent.cjs');
const INSTALLED = '/opt/mysql-ebs-snapshot/agent.cjs';
const USER = 'ebs_snapshot';
const PASSWORD = 'c0ffee5ec4e7';

/** The built agent on a guest that an embedded AWS knows as an instance. */
export interface InstalledAgent extends AsyncDisposable {
  /** Runs it to its end in a transient service of this name. */
  run(unit: string, ...argv: string[]): Promise<Finished>;
  /** Starts it in such a service. */
  start(unit: string, ...argv: string[]): Promise<void>;
}

/** The volume that a disk's serial names. */
export const volumeOf = ({ serial }: Pick<GuestDisk, 'serial'>): VolumeId =>
  v.parse(VolumeId, serial.replace('vol', 'vol-'));

/** Its account is in the server already, as `makeAgentAccount` makes it. */
export async function installAgent(
  guest: Guest,
  aws: EmbeddedAws,
  { instanceId, disks }: { instanceId: InstanceId; disks: readonly GuestDisk[] },
): Promise<InstalledAgent> {
  const root = { serial: ROOT_SERIAL, sizeGiB: RECIPE.diskGiB };
  const volumes = [root, ...disks].map((disk, index) => ({
    volumeId: volumeOf(disk),
    sizeGiB: disk.sizeGiB,
    device: index === 0 ? '/dev/xvda' : `/dev/sd${'efghijklmnopqrstuvwxyz'[index]}`,
    tags: {},
    isBoot: index === 0,
  }));
  const host = { instanceId, tags: { Name: 'guest' }, volumes, enter: [], environment: {} };
  const { imdsEndpoint } = await aws.addHost(host);
  const imds = await relayTo(new URL(imdsEndpoint));
  const environment = [
    `AWS_ENDPOINT_URL=http://${HOST_ADDRESS}:${new URL(aws.endpoint).port}`,
    `AWS_EC2_METADATA_SERVICE_ENDPOINT=http://${HOST_ADDRESS}:${imds.port}`,
  ].map((variable) => `--setenv=${variable}`);
  await guest.install(INSTALLED, await readFile(BUNDLE), '755');
  const options = ['[mysql-ebs-snapshot]', `user=${USER}`, `password=${PASSWORD}`, 'socket=/run/mysqld/mysqld.sock'];
  await guest.install('/etc/mysql/conf.d/mysql-ebs-snapshot.cnf', `${options.join('\n')}\n`, '600');

  const inUnit = (unit: string, wait: readonly string[], argv: readonly string[]) => [
    ...['systemd-run', '--quiet', '--collect', `--unit=${unit}`, ...wait, ...environment],
    ...['--', 'node', INSTALLED, ...argv],
  ];
  return {
    run: (unit, ...argv) => guest.finish(inUnit(unit, ['--wait', '--pipe'], argv)),
    start: async (unit, ...argv) => {
      await guest.run(inUnit(unit, [], argv));
    },
    [Symbol.asyncDispose]: () => imds[Symbol.asyncDispose](),
  };
}

export async function makeAgentAccount(guest: Guest): Promise<void> {
  for (const statement of agentAccount('mariadb', USER, PASSWORD)) await sql(guest, statement);
}

/** Runs a statement as the server's root and answers the rows, one a line. */
export const sql = (guest: Guest, statement: string): Promise<string> =>
  guest.run(['mariadb', '--skip-column-names', '--execute', statement]);
