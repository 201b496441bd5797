import { type Coordinates, formatBinlog } from '../../shared/coordinates.ts';
import type { Event, LogLevel } from '../events.ts';

/** What an event says to a person: one line, in the past tense, for stderr and the log file. */
export function sentence(event: Event): { severity: LogLevel; text: string } {
  const info = (text: string) => ({ severity: 'info', text }) as const;
  switch (event.type) {
    case 'run-started':
      return info(`run ${event.run} started at level ${event.level} (version ${event.version})`);
    case 'instance-known':
      return info(`this is ${event.instance} in ${event.region}`);
    case 'server-known':
      return info(
        `the server at ${event.address} is ${event.server}, its server id ${event.id}, its data directory ${event.datadir}`,
      );
    case 'planned': {
      const parts = [
        `${count(event.volumes, 'volume')} (${event.volumes.join(', ')})`,
        event.freezes.length > 0 ? `freezing ${event.freezes.join(', ')}` : 'freezing nothing',
        ...(event.level === 'crash' ? ['locking nothing'] : []),
        ...(event.syncs.length > 0 ? [`syncing ${event.syncs.join(', ')}`] : []),
        ...(event.excludes > 0 ? [`leaving out ${event.excludes} other`] : []),
      ];
      const because = event.notCrashBecause === undefined ? '' : ` (not crash: ${event.notCrashBecause})`;
      return info(`planned the set ${event.set} at level ${event.level}${because}: ${parts.join('; ')}`);
    }
    case 'warned':
      return { severity: 'warn', text: `${event.code}: ${event.message}` };
    case 'guard-ready':
      return info(`the guard is ready for ${event.mounts} file systems`);
    case 'appliers-stopped':
      return info(`stopped the appliers of ${event.channels} replication channels until the set is taken`);
    case 'permission-proven':
      return info('EC2 would accept the request (dry run)');
    case 'lock-asked':
      return info(
        `asking for the read lock, try ${event.attempt} of ${event.attempts}, at most ${event.timeoutSeconds} s`,
      );
    case 'lock-not-granted':
      return {
        severity: 'warn',
        text: `the lock was not granted in try ${event.attempt}; commits stalled for ${event.stallMs} ms, all given back`,
      };
    case 'coordinates-recorded': {
      const { binlog, gtid, replica } = event.coordinates;
      const own = binlog
        ? `recorded ${formatBinlog(binlog)}${gtid ? `, GTID ${gtid}` : ''}`
        : 'the binary log is off: no coordinates of its own';
      return info([own, ...executedOf(replica)].join('; '));
    }
    case 'set-created':
      return info(`took ${count(event.snapshots, 'snapshot')} in ${event.apiMs} ms: ${event.snapshots.join(', ')}`);
    case 'window-closed':
      return info(
        `gave everything back: commits stalled for ${event.stallMs} ms${event.frozenMs === undefined ? '' : `, file systems frozen for ${event.frozenMs} ms`}`,
      );
    case 'proof':
      return {
        severity: event.held ? 'info' : 'error',
        text: `proof ${event.held ? 'holds' : 'FAILED'}: ${event.name} (${event.detail})`,
      };
    case 'looked-up':
      return { severity: 'warn', text: `looked for the set ${event.set}: ${count(event.found, 'snapshot')} found` };
    case 'graded':
      return { severity: event.grade === 'broken' ? 'error' : 'info', text: `the set is graded ${event.grade}` };
    case 'run-ended': {
      if (event.ending === 'done') return info(`done in ${event.ms} ms`);
      const { code, message, hint } = event.ending;
      return { severity: 'error', text: `${code}: ${message}. ${hint}` };
    }
  }
}

/** What a replica has executed, source by source. */
function executedOf(replica: Coordinates['replica']): readonly string[] {
  const { channels = [], gtid } = replica ?? {};
  return [
    ...channels.map(
      ({ name, source, binlog, exact }) =>
        `of ${source.host}:${source.port}${name === '' ? '' : ` ('${name}')`} executed ${binlog ? `${exact ? '' : 'at least '}${formatBinlog(binlog)}` : 'nothing'}`,
    ),
    ...(gtid ? [`executed GTID ${gtid}`] : []),
  ];
}

const count = (things: readonly unknown[], name: string): string =>
  `${things.length} ${name}${things.length === 1 ? '' : 's'}`;
