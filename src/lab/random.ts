import { createHash } from 'node:crypto';

/** From 0 up to, not including, 1. A hash as the source of randomness: each draw depends on its own name alone. */
export const fraction = (name: string): number => createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;

/** The whole number of a range at a fraction of it; both ends belong to it. */
export const between = ({ least, most }: { least: number; most: number }, at: number): number =>
  least + Math.floor(at * (most - least + 1));
