import { beforeEach, describe, expect, it } from 'vitest';
import type {
  Association,
  AssociationAnswer,
  AssociationSettings,
  Associations,
} from '../../../../src/controller/ports.ts';
import { createSchedule } from '../../../../src/controller/schedules/create-schedule.ts';
import { deleteSchedule } from '../../../../src/controller/schedules/delete-schedule.ts';
import { findSchedules } from '../../../../src/controller/schedules/find-schedules.ts';
import { parseCron } from '../../../../src/controller/schedules/parse-schedule.ts';
import { updateSchedule } from '../../../../src/controller/schedules/update-schedule.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { FakeDocuments, FakeFleet, fakeClock, recorder, running } from '../fakes.ts';
import { associationOf, NIGHTLY, NO_CHANGE, newNightly, roleAt, settingsOf } from './some-schedules.ts';

const OURS = { name: 'mysql-ebs-snapshot', content: 'ours', sha256: 'ours' };

/** Keeps associations; each call answers as `next` says, once. */
class FakeAssociations implements Associations {
  kept: Association[] = [];
  readonly calls: string[] = [];
  /** What becomes of the nth change: done where nothing is said. */
  next: ('done' | 'lost' | 'unanswered' | 'refused')[] = [];
  /** How many looks miss what was made. */
  lag = 0;

  async ours(): Promise<readonly Association[]> {
    return this.lag-- > 0 ? [] : this.kept;
  }
  async create(settings: AssociationSettings): Promise<AssociationAnswer> {
    return this.#change(`create ${settings.name}`, () => {
      const made = associationOf(settings);
      this.kept.push(made);
      return made;
    });
  }
  async update(association: Association, settings: AssociationSettings): Promise<AssociationAnswer> {
    return this.#change(`update ${settings.name}`, () => {
      const changed = { ...association, version: String(Number(association.version) + 1), settings };
      this.kept = this.kept.map((each) => (each.id === association.id ? changed : each));
      return changed;
    });
  }
  async delete({ id, settings }: Association): Promise<void> {
    const answer = this.#change(`delete ${settings.name}`, () => {
      this.kept = this.kept.filter((each) => each.id !== id);
      return associationOf();
    });
    if (answer.kind === 'unknown') throw new RunError('aws-unreachable', 'no answer');
  }
  #change(what: string, change: () => Association): AssociationAnswer {
    this.calls.push(what);
    const becomes = this.next.shift() ?? 'done';
    if (becomes === 'refused') throw new RunError('no-permission', 'denied');
    if (becomes === 'lost') return { kind: 'unknown', message: 'reset' };
    const association = change();
    return becomes === 'unanswered' ? { kind: 'unknown', message: 'reset' } : { kind: 'done', association };
  }
}

let associations: FakeAssociations;
let documents: FakeDocuments;
let fleet: FakeFleet;
let told: ReturnType<typeof recorder>;
let cancel: AbortController;
beforeEach(() => {
  associations = new FakeAssociations();
  documents = new FakeDocuments();
  documents.kept = ['older', 'ours'].map((sha256, at) => ({
    version: String(at + 1),
    status: 'Active',
    statusText: undefined,
    sha256,
    latest: 2,
  }));
  documents.default = '2';
  fleet = new FakeFleet();
  fleet.targeted = ['replica', 'source'].map((Role, at) => ({ ...running(at + 1), tags: { Env: 'prod', Role } }));
  told = recorder();
  cancel = new AbortController();
});
const ports = () => ({ documents, associations, inventory: fleet, clock: fakeClock() });
const create = (request = newNightly()) => createSchedule(request, OURS, ports(), told.emit, cancel.signal);
const update = (change: Partial<typeof NO_CHANGE>) =>
  updateSchedule(NIGHTLY, { ...NO_CHANGE, ...change }, OURS, ports(), told.emit, cancel.signal);
const warned = () => told.events.flatMap((event) => (event.type === 'warned' ? [event.message] : []));
const ROLES = newNightly({ parts: [roleAt('replica', '0 3 * * *'), roleAt('source', '0 5 * * *')] });
const roles = () => {
  associations.kept = ['replica', 'source'].map((role, at) =>
    associationOf({ name: `mysql-ebs-snapshot.nightly.${role}`, expression: `cron(0 ${3 + 2 * at} ? * * *)` }),
  );
};

describe('create', () => {
  it('makes one association for each part, pinned to our version, and tells its next times', async () => {
    const { parts, hosts } = await create(ROLES);
    expect(hosts).toBe(2);
    expect(associations.kept.map(({ settings }) => [settings.name, settings.document.version])).toEqual([
      ['mysql-ebs-snapshot.nightly.replica', '2'],
      ['mysql-ebs-snapshot.nightly.source', '2'],
    ]);
    expect(parts.map(({ role, next }) => [role, next.length])).toEqual([
      ['replica', 3],
      ['source', 3],
    ]);
    expect(warned()).toEqual([]);
  });

  it('makes nothing where the document is not ours, the name is taken or a role has no host', async () => {
    documents.default = '1';
    await expect(create()).rejects.toMatchObject({ code: 'document-invalid' });
    documents.default = '2';
    await expect(create(newNightly({ parts: [roleAt('web', '0 3 * * *')] }))).rejects.toMatchObject({
      code: 'no-target',
    });
    associations.kept = [associationOf({ name: 'mysql-ebs-snapshot.nightly.old' })];
    await expect(create()).rejects.toMatchObject({ code: 'usage', message: "there is a schedule 'nightly' already" });
    expect(associations.calls).toEqual([]);
  });

  it('tells which of the targets has none of the roles', async () => {
    fleet.targeted.push({ ...running(3), tags: { Env: 'prod' } });
    expect((await create(ROLES)).hosts).toBe(2);
    expect(warned()).toEqual([expect.stringContaining(`${running(3).instanceId} (db3) has none of the roles`)]);
  });

  it('finds what was made without an answer, and never makes it twice', async () => {
    associations.next = ['unanswered'];
    const shown = associations.ours.bind(associations);
    let looks = 0;
    associations.ours = async () => (++looks === 2 ? [] : shown());
    await create();
    expect(looks).toBe(3);
    expect(associations.calls).toEqual(['create mysql-ebs-snapshot.nightly']);
  });

  it('goes on looking where a look fails: the association may be there', async () => {
    associations.next = ['lost'];
    associations.ours = async () => {
      if (associations.calls.length > 0) throw new RunError('aws-unreachable', 'no network');
      return [];
    };
    await expect(create()).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(warned()).toContain('no network');
  });

  it('does not know where it is not found, and takes back what it made before', async () => {
    associations.next = ['done', 'lost'];
    await expect(create(ROLES)).rejects.toMatchObject({
      code: 'outcome-unknown',
      hint: expect.stringMatching(/schedule list/),
    });
    expect(associations.kept).toEqual([]);
  });

  it('takes back what it made where the rest is refused, and says what it could not', async () => {
    associations.next = ['done', 'refused'];
    await expect(create(ROLES)).rejects.toMatchObject({ code: 'no-permission' });
    expect(associations.kept).toEqual([]);
    associations.next = ['done', 'refused', 'refused'];
    await expect(create(ROLES)).rejects.toMatchObject({
      code: 'schedule-in-part',
      message: 'denied; mysql-ebs-snapshot.nightly.replica could not be taken back',
      hint: expect.stringContaining('schedule delete nightly'),
    });
    expect(warned()).toEqual(['mysql-ebs-snapshot.nightly.replica is left: denied']);
  });

  it('makes nothing, or takes it back, where it is cancelled', async () => {
    const made = associations.create.bind(associations);
    associations.create = (settings) => {
      cancel.abort();
      return made(settings);
    };
    await expect(create(ROLES)).rejects.toMatchObject({ code: 'cancelled' });
    expect(associations.calls).toEqual([
      'create mysql-ebs-snapshot.nightly.replica',
      'delete mysql-ebs-snapshot.nightly.replica',
    ]);
  });
});

describe('list', () => {
  it('tells by name what is ours, and whether its document is', async () => {
    associations.kept = [
      associationOf({ name: 'mysql-ebs-snapshot.weekly', document: { name: OURS.name, version: '$DEFAULT' } }),
      associationOf({ document: { name: OURS.name, version: '1' } }),
      associationOf({ name: 'mysql-ebs-snapshot.hourly', document: { name: OURS.name, version: '2' } }),
    ];
    const all = await findSchedules(OURS, ports());
    expect(all.map(({ name, document }) => [name, document])).toEqual([
      ['hourly', 'current'],
      ['nightly', 'old'],
      ['weekly', 'unpinned'],
    ]);
  });
});

describe('update', () => {
  it('changes every part, and answers them as they stand', async () => {
    roles();
    const parts = await update({ severity: 'low', repin: true });
    expect(parts.map(({ role, document }) => [role, document])).toEqual([
      ['replica', 'current'],
      ['source', 'current'],
    ]);
    expect(associations.kept.map(({ settings }) => settings.severity)).toEqual(['low', 'low']);
  });

  it('changes nothing where the roles would meet, or there is no such schedule', async () => {
    await expect(update({ severity: 'low' })).rejects.toMatchObject({ code: 'no-such-schedule' });
    roles();
    const late = new Map([['source', parseCron('30 3 * * *')]]);
    await expect(update({ schedules: late })).rejects.toMatchObject({ code: 'usage', message: /within an hour/ });
    expect(associations.calls).toEqual([]);
  });

  it('is refused where it would bring roles together half-way: each part may be the last that can be changed', async () => {
    roles();
    const [one, other] = associations.kept.map(({ settings }) => settings.expression);
    const swapped = new Map([
      ['replica', parseCron(other ?? '')],
      ['source', parseCron(one ?? '')],
    ]);
    await expect(update({ schedules: swapped })).rejects.toMatchObject({ code: 'usage' });
    expect(associations.calls).toEqual([]);
  });

  it('is refused where an association is there twice, with the remedy', async () => {
    associations.kept = [associationOf(), { ...associationOf(), id: 'another' }];
    await expect(update({ severity: 'low' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^there are two associations mysql-ebs-snapshot\.nightly/),
      hint: expect.stringContaining('schedule delete nightly'),
    });
  });

  it('looks at what it got no answer to', async () => {
    associations.kept = [associationOf()];
    associations.next = ['unanswered'];
    expect(await update({ severity: 'low' })).toHaveLength(1);
    associations.next = ['lost'];
    await expect(update({ severity: 'high' })).rejects.toMatchObject({ code: 'outcome-unknown' });
  });

  it('says how far it came', async () => {
    roles();
    associations.next = ['done', 'refused'];
    await expect(update({ severity: 'low' })).rejects.toMatchObject({
      code: 'schedule-in-part',
      message: "denied; 1 of 2 associations of 'nightly' are changed",
      hint: expect.stringContaining('it goes on'),
    });
  });
});

describe('delete', () => {
  const remove = () => deleteSchedule(NIGHTLY, OURS.name, ports(), cancel.signal);

  it('deletes every part, and none of another schedule', async () => {
    roles();
    const other = associationOf({ name: 'mysql-ebs-snapshot.nightly2' });
    associations.kept.push(other);
    expect(await remove()).toHaveLength(2);
    expect(associations.kept).toEqual([other]);
    await expect(remove()).rejects.toMatchObject({ code: 'no-such-schedule' });
  });

  it('says how far it came, and goes on when it is asked again', async () => {
    roles();
    associations.next = ['done', 'refused'];
    await expect(remove()).rejects.toMatchObject({ message: "denied; 1 of 2 associations of 'nightly' are deleted" });
    expect(await remove()).toHaveLength(1);
  });
});

it('what is planned is what is sent', async () => {
  await create();
  expect(associations.kept[0]?.settings).toEqual(settingsOf({ document: { name: OURS.name, version: '2' } }));
});
