import { RunError } from '../../shared/errors.ts';
import type { Layer } from '../../shared/manifest.ts';
import type { HostReader } from '../ports.ts';
import type { RaidArray } from './facts.ts';
import { arrayCondition } from './raid-condition.ts';
import { readAttribute, readNumber, sysName } from './sysfs.ts';

interface ArrayParts<Device> {
  readonly name: string;
  readonly level: string;
  readonly uuid: string | undefined;
  readonly slaves: readonly Device[];
}

interface MdArray<Device> {
  readonly raid: NonNullable<Layer['raid']>;
  readonly below: readonly Device[];
  readonly array: RaidArray;
}

type WithLayer = { readonly layer: Layer };

/** An md array: what it stands on are the members that hold its data, not the faulty ones and the spares. */
export async function readArray<Device extends WithLayer>(
  reader: HostReader,
  sysPath: string,
  { name, level, uuid, slaves }: ArrayParts<Device>,
): Promise<MdArray<Device>> {
  const disks = await readNumber(reader, `${sysPath}/md/raid_disks`);
  const members: { device: Device; slot: number | undefined; state: readonly string[] }[] = [];
  for (const device of slaves) {
    const folder = `${sysPath}/md/dev-${sysName(device.layer.name)}`;
    const state = await readAttribute(reader, `${folder}/state`);
    if (state === undefined) throw new RunError('host-unfit', `${folder}/state cannot be read`);
    const slot = await readAttribute(reader, `${folder}/slot`);
    members.push({
      device,
      slot: slot !== undefined && /^\d{1,9}$/.test(slot) ? Number(slot) : undefined,
      state: state.split(','),
    });
  }
  const holdsData = members.filter(({ state }) => state.includes('in_sync') || state.includes('journal'));
  const inSync = new Set(members.filter(({ state }) => state.includes('in_sync')).map(({ slot }) => slot)).size;
  const arrayState = await readAttribute(reader, `${sysPath}/md/array_state`);
  const syncAction = (await readAttribute(reader, `${sysPath}/md/sync_action`)) ?? 'idle';
  const detail = [
    `${inSync} of ${disks} members in sync`,
    `state ${arrayState ?? 'unknown'}`,
    ...(syncAction === 'idle' ? [] : [`doing ${syncAction}`]),
    ...members
      .filter((member) => !holdsData.includes(member))
      .map(({ device, state }) => `${device.layer.name} is ${state.join(',')}`),
  ].join(', ');
  return {
    raid: { level, disks, ...(uuid === undefined ? {} : { uuid }) },
    below: holdsData.map(({ device, slot }) => withSlot(device, { level, disks, slot, uuid })),
    array: { name, level, state: arrayCondition({ level, disks, inSync, arrayState, syncAction }), detail },
  };
}

/** The member remembers which place of the array it takes: a restore needs it. */
function withSlot<Device extends WithLayer>(
  device: Device,
  { level, disks, slot, uuid }: { level: string; disks: number; slot: number | undefined; uuid: string | undefined },
): Device {
  const raid = { level, disks, ...(slot === undefined ? {} : { slot }), ...(uuid === undefined ? {} : { uuid }) };
  return { ...device, layer: { ...device.layer, raid } };
}
