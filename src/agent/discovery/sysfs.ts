import { basename } from 'node:path';
import { RunError } from '../../shared/errors.ts';
import type { HostReader } from '../ports.ts';

// A device in a subfolder of /dev has an exclamation mark in sysfs where the slash would be: cciss!c0d0.
export const sysName = (deviceName: string): string => deviceName.replaceAll('/', '!');
export const deviceName = (sysPath: string): string => basename(sysPath).replaceAll('!', '/');

/** Where sysfs has a device that an entry of `slaves` or `holders` names; `neighbour`: whose entry it is. */
export async function sysPathOf(reader: HostReader, entry: string, neighbour: string): Promise<string> {
  const path = await reader.realPath(`/sys/class/block/${entry}`);
  if (path !== undefined) return path;
  throw new RunError('host-unfit', `${neighbour} stands on ${entry}, which /sys/class/block does not know`);
}

/** A one-line attribute without its white space; `undefined` where it is absent or empty. */
export async function readAttribute(reader: HostReader, path: string): Promise<string | undefined> {
  const text = (await reader.readText(path))?.trim();
  return text === '' ? undefined : text;
}

export async function readOptionalNumber(reader: HostReader, path: string): Promise<number | undefined> {
  const text = await readAttribute(reader, path);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new RunError('host-unfit', `${path} is not a number: ${JSON.stringify(text)}`);
  return Number(text);
}

export async function readNumber(reader: HostReader, path: string): Promise<number> {
  const number = await readOptionalNumber(reader, path);
  if (number === undefined) throw new RunError('host-unfit', `${path} cannot be read`);
  return number;
}
