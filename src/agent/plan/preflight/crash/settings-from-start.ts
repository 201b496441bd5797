import { restsOn } from '../../../discovery/watched-settings.ts';
import { notProvable, type Obligation, settingHint } from './obligation.ts';

/**
 * MariaDB keeps no time of a change, only that there was one since its start [doc: GLOBAL_VALUE_ORIGIN]: after the first
 * SET GLOBAL nothing shows whether there was another while the image was taken.
 */
export const settingsFromStart: Obligation = (server) => {
  if (server.version.flavour !== 'mariadb') return [];
  const names = restsOn('crash');
  return server.watched
    .filter(({ name, trace }) => trace === 'SQL' && names.includes(name))
    .map(({ name, value }) =>
      notProvable(
        `${name} was set by SET GLOBAL since the server started: a further change would leave no trace`,
        settingHint(server, `${name} = ${value}`),
      ),
    );
};
