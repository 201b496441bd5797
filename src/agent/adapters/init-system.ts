import { existsSync } from 'node:fs';

/** As sd_booted(3) tells it: whether systemd runs this machine, so that there can be a unit for the guard. */
export const systemdRuns = (): boolean => existsSync('/run/systemd/system');
