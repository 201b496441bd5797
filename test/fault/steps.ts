/**
 * Every step of the story at which it asks something of the world outside its process, in order, each with the place
 * at which a scenario stops it: before any of its work is done. What happens between two of them is the process's own.
 */
export const STEPS = {
  'check the prerequisites': { ...before(program('fsfreeze', /^--version/)), covers: /--version$/ },
  'forbid core dumps': before(program('prlimit', /^--pid/)),
  'learn the identity': { ...before(metadata(/identity/)), covers: /token$/ },
  'take the run lock': before(program('flock', /^--exclusive/)),
  'share the run lock': before(program('flock', /^--shared/)),
  'thaw what an earlier run left': { ...before(program('fsfreeze', /^--unfreeze .*data$/)), given: 'left frozen' },
  'take the writers’ lock': before(program('flock', /^--exclusive/, { nth: 2 })),
  'connect to the server': { ...before(connection()), covers: /^SET (SESSION|NAMES)|^SELECT VERSION\(\)/ },
  'ask the server for its files': {
    ...before(statement(/^SHOW GLOBAL VARIABLES/)),
    beside: 'aws',
    covers:
      /^SHOW (GLOBAL STATUS|GRANTS|ENGINES|ALL SLAVES STATUS)|^SELECT [^(]* FROM information_schema|^SHOW BINLOG STATUS/,
  },
  'get credentials': { ...before(metadata(/security-credentials/)), beside: 'server' },
  'describe the instance': { ...before(call(/^DescribeInstances$/)), beside: 'server' },
  'describe the volumes': { ...before(call(/^DescribeVolumes$/)), beside: 'server' },
  'count the pending snapshots': { ...before(call(/^DescribeSnapshots$/)), beside: 'server' },
  'see that it is this server': {
    ...before(program('stat', /^-L --printf/)),
    covers: /^stat --printf/,
  },
  'ask whether the run id is used': before(call(/^DescribeSnapshots$/, { nth: 2 })),
  'ask who we are': before(call(/^GetCallerIdentity$/)),
  'start the guard': { ...before(program('bash', /^-c guard /)), covers: /^stat --dereference/ },
  'start the syncer': before(program('bash', /^-c sync /)),
  'start the file writer': before(program('bash', /^-c file-writer/)),
  'probe the file systems': {
    ...before(program('unlink', /binlog\/\.mysql-ebs-snapshot\.\d+\.none$/)),
    covers: /^unlink /,
  },
  'open the files': { ...before(program('dd', /^of=\.binlog_info/)), covers: /^dd of=|^rm -f -- \./ },
  'look for long statements': before(statement(/AS killId/)),
  'sync ahead': before(program('sync', /^--file-system/)),
  'look for other backups': {
    ...before(statement(/^SET STATEMENT lock_wait_timeout = 1 FOR BACKUP STAGE START$/)),
    covers: /AS state FROM information_schema.PROCESSLIST/,
    unwritten: 'a commit',
  },
  'prove the permission': { ...before(call(/^CreateSnapshots \(dry run\)$/)), unwritten: 'a commit' },
  'look for long statements again': { ...before(statement(/AS killId/, { nth: 2 })), unwritten: 'a commit' },

  'prepare the session': {
    ...underLock(statement(/^SET SESSION lock_wait_timeout/), 61),
    covers: /^SET SESSION/,
    lock: 'not yet',
    unwritten: 'a commit',
  },
  'keep out DDL': {
    ...underLock(statement(/^BACKUP STAGE BLOCK_DDL/), 61),
    covers: /^BACKUP STAGE (START|FLUSH)/,
    unwritten: 'a commit',
  },
  'look at the files again': {
    ...underLock(statement(/^SHOW GLOBAL VARIABLES/, { nth: 2 }), 16),
    unwritten: 'a commit',
  },
  'keep out commits': { ...underLock(statement(/^BACKUP STAGE BLOCK_COMMIT/), 3), unwritten: 'a commit' },
  'read the coordinates': {
    ...underLock(statement(/^SHOW BINLOG STATUS/, { since: /BLOCK_COMMIT$/ }), 3),
    covers: /gtid_binlog_pos/,
    unwritten: 'a row',
  },
  'prove the redo log durable': {
    ...underLock(statement(/^FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS/), 3),
    covers: /INNODB_LSN_CURRENT/,
    unwritten: 'a row',
  },
  'write the files': { ...underLock(program('mv', /^--force/), 5), covers: /^mv / },
  'read the coordinates again': underLock(statement(/^SHOW BINLOG STATUS/, { since: /BLOCK_COMMIT$/, nth: 2 }), 3),
  'sync under the lock': { ...underLock(program('sync', /^--file-system/, { nth: 2 }), 10), given: 'freeze never' },
  freeze: { ...underLock(program('fsfreeze', /^--freeze .*binlog$/), 2), covers: /^fsfreeze --freeze / },
  'create the set': underLock(call(/^CreateSnapshots$/), 2),
  thaw: { ...underLock(program('fsfreeze', /^--unfreeze .*binlog$/), 10), covers: /^fsfreeze --unfreeze / },
  'thaw, at every try': { ...underLock(program('fsfreeze', /^--unfreeze .*binlog$/), 20), every: true },
  'prove that it is the same connection': underLock(statement(/^SELECT CONNECTION_ID/), 3),
  'prove the lock held': underLock(statement(/^BACKUP STAGE BLOCK_COMMIT/, { nth: 2 }), 3),
  'prove the coordinates unmoved': underLock(statement(/^SHOW BINLOG STATUS/, { since: /^SELECT CONNECTION_ID/ }), 3),
  'prove the settings unchanged': underLock(statement(/GLOBAL_VALUE_ORIGIN/, { since: /^SELECT CONNECTION_ID/ }), 3),
  unlock: { ...underLock(statement(/^BACKUP STAGE END/, { since: /BLOCK_COMMIT$/ }), 5), lock: 'released' },

  'forget the freeze': afterwards(program('rm', /\/frozen\//)),
  'raise the grade': afterwards(call(/^CreateTags$/)),
  'look for the set': { ...afterwards(call(/^DescribeSnapshots$/, { nth: 3 })), given: 'answer of EC2 lost' },
} as const satisfies Record<string, Step>;

export type StepName = keyof typeof STEPS;

export interface Step {
  readonly when: 'before the lock' | 'under the lock' | 'afterwards';
  readonly at: Place;
  /** What else is asked in this step, of the same and in the same way: it is not stopped there. */
  readonly covers?: RegExp;
  /** Whoever comes here is stopped, not only the first. */
  readonly every?: boolean;
  /** Under the lock: after how many seconds of silence it is given up, as the code documents it. */
  readonly deadlineSeconds?: number;
  /** What the server needs to have left to write, for a stalled device to be met at the next statements. */
  readonly unwritten?: 'a commit' | 'a row';
  /** Of a step under the lock: it is not held yet, or no more. */
  readonly lock?: 'not yet' | 'released';
  /** Who is asked for the plan at the same time, and has said all when this step is looked at. */
  readonly beside?: 'server' | 'aws';
  /** Without this the story does not come here. */
  readonly given?: 'left frozen' | 'freeze never' | 'answer of EC2 lost' | 'level crash';
}

/** What is asked, of whom, and which time of those: of all, or of those since something else was asked. */
export type Place = Which & { readonly what: RegExp } & (
    | { readonly of: 'server' | 'aws' | 'metadata service' }
    /** `what` is asked with the arguments. */
    | { readonly of: 'program'; readonly name: string }
  );

interface Which {
  readonly nth?: number;
  readonly since?: RegExp;
}

export function statement(what: RegExp, which: Which = {}): Place {
  return { of: 'server', what, ...which };
}

/** A connection asks for nothing. */
function connection(): Place {
  return { of: 'server', what: /^$/ };
}

export function program(name: string, what: RegExp, which: Which = {}): Place {
  return { of: 'program', name, what, ...which };
}

export function call(what: RegExp, which: Which = {}): Place {
  return { of: 'aws', what, ...which };
}

function metadata(what: RegExp): Place {
  return { of: 'metadata service', what };
}

export function before(at: Place) {
  return { when: 'before the lock', at } as const;
}

export function underLock(at: Place, deadlineSeconds: number) {
  return { when: 'under the lock', at, deadlineSeconds } as const;
}

function afterwards(at: Place) {
  return { when: 'afterwards', at } as const;
}

/** Whether the run comes to a step: `what` is asked now, and `earlier` has been asked of the same before it. */
export function isAt(
  { at: { what: pattern, nth = 1, since }, every }: Step,
  what: string,
  earlier: readonly string[],
): boolean {
  const begin = since === undefined ? 0 : earlier.findIndex((each) => since.test(each));
  if (begin < 0 || !pattern.test(what)) return false;
  return every === true || earlier.slice(begin).filter((each) => pattern.test(each)).length === nth - 1;
}
