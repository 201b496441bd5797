import type { ReplicaChannel, ReplicaFacts, ServerFacts } from '../../../discovery/facts.ts';
import type { Refusal } from '../refusal.ts';
import { notProvable, type Obligation } from './obligation.ts';

/** What a replica has executed has to be recovered with its data, or it executes some of it again. */
export const replicaCrashSafe: Obligation = (server) => {
  const { replica } = server;
  if (replica === undefined) return [];
  return server.version.flavour === 'mariadb' ? mariadb(server, replica) : mysql(replica);
};

/** Without GTIDs the place is in the file relay-log.info, which is not synced with each commit. */
function mariadb({ recovery }: ServerFacts, { channels }: ReplicaFacts): readonly Refusal[] {
  const byPosition = channels.filter(({ autoPosition }) => !autoPosition);
  const tables = (recovery?.gtidPositionTables ?? []).filter(({ engine }) => engine !== 'INNODB');
  return [
    ...byPosition.map(({ name }) =>
      notProvable(
        `the replication connection '${name}' uses no GTID: its place is in a file that recovery does not cover`,
        `STOP SLAVE '${name}'; CHANGE MASTER '${name}' TO MASTER_USE_GTID = slave_pos; START SLAVE '${name}';`,
      ),
    ),
    ...tables.map(({ table, engine }) =>
      notProvable(
        `${table}, which holds the replica's place, is ${engine}: recovery does not cover it`,
        `STOP ALL SLAVES; ALTER TABLE ${table} ENGINE = InnoDB; START ALL SLAVES;`,
      ),
    ),
  ];
}

function mysql({ channels, positionsInTable, relayLogRecovery, parallelWorkers }: ReplicaFacts): readonly Refusal[] {
  const byPosition = channels.filter(({ autoPosition }) => !autoPosition);
  return [
    ...(positionsInTable
      ? []
      : [
          notProvable(
            "relay_log_info_repository is FILE: the replica's place is in a file that recovery does not cover",
            "STOP SLAVE; SET GLOBAL relay_log_info_repository = 'TABLE'; START SLAVE;",
          ),
        ]),
    ...(parallelWorkers === 0 || byPosition.length === 0
      ? []
      : [
          notProvable(
            `${namesOf(byPosition)} has parallel workers and no auto-position: what the image has executed may have gaps`,
            'CHANGE REPLICATION SOURCE TO SOURCE_AUTO_POSITION = 1 (it takes gtid_mode = ON), or use --level application.',
          ),
        ]),
    ...(relayLogRecovery || byPosition.length === 0
      ? []
      : [
          notProvable(
            `relay_log_recovery is off and ${namesOf(byPosition)} uses no auto-position: the relay log of the image may be torn`,
            'Set relay_log_recovery = ON in the option file and restart the server.',
          ),
        ]),
  ];
}

const namesOf = (channels: readonly ReplicaChannel[]): string => channels.map(({ name }) => `'${name}'`).join(', ');
