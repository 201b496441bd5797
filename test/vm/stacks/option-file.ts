import type { Manifest } from '../../../src/shared/manifest.ts';

/** Settings that a server tells under another name than that of the option which sets them. */
const OPTIONS: Readonly<Record<string, string>> = { log_bin_basename: 'log_bin', relay_log_basename: 'relay_log' };

/** The option file that starts a server on a set: all that the manifest says, and no more. */
export const optionFileOf = ({ settings }: Manifest): string =>
  ['[mariadbd]', ...Object.entries(settings).map(([name, value]) => `${OPTIONS[name] ?? name}=${value}`), ''].join(
    '\n',
  );
