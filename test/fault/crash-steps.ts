import { before, call, program, STEPS, type Step, statement, underLock } from './steps.ts';

/** The story at level `crash` where it is another one: nothing is frozen, and DDL alone is held back. */
const atLevelCrash = <S extends Step>(step: S) => ({ ...step, given: 'level crash' as const });

export const CRASH_STEPS = {
  'ask the server for its files': atLevelCrash(STEPS['ask the server for its files']),
  'see that it is this server': atLevelCrash(STEPS['see that it is this server']),
  'ask who we are': atLevelCrash(STEPS['ask who we are']),
  'prove the permission': atLevelCrash(STEPS['prove the permission']),
  'write the files': atLevelCrash(before(program('mv', /^--force/))),
  'sync ahead': atLevelCrash(STEPS['sync ahead']),
  'look for other backups': atLevelCrash(STEPS['look for other backups']),
  'prove the permission again': atLevelCrash(before(call(/^CreateSnapshots \(dry run\)$/, { nth: 2 }))),

  'prepare the session': atLevelCrash(STEPS['prepare the session']),
  'keep out DDL': atLevelCrash(STEPS['keep out DDL']),
  'look at the files again': atLevelCrash(STEPS['look at the files again']),
  'sync while DDL waits': atLevelCrash(underLock(program('sync', /^--file-system/, { nth: 2 }), 10)),
  'create the set': atLevelCrash(STEPS['create the set']),
  'prove that it is the same connection': atLevelCrash(STEPS['prove that it is the same connection']),
  'prove the lock held': atLevelCrash(underLock(statement(/^BACKUP STAGE BLOCK_DDL/, { nth: 2 }), 3)),
  'prove the settings unchanged': atLevelCrash(STEPS['prove the settings unchanged']),
  unlock: atLevelCrash(underLock(statement(/^BACKUP STAGE END/, { since: /BLOCK_DDL$/ }), 5)),

  'prove the recovery exact': atLevelCrash({
    ...before(statement(/^SHOW GLOBAL VARIABLES/, { nth: 3 })),
    when: 'afterwards',
  }),
  'raise the grade': atLevelCrash(STEPS['raise the grade']),
} as const satisfies Record<string, Step>;

export type CrashStep = keyof typeof CRASH_STEPS;
