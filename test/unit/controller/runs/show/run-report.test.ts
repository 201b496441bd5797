import { describe, expect, it } from 'vitest';
import type { FleetEvent } from '../../../../../src/controller/events.ts';
import { collate } from '../../../../../src/controller/runs/judge/collate.ts';
import { partitionReachable } from '../../../../../src/controller/runs/reachable.ts';
import { presentProgress } from '../../../../../src/controller/runs/show/progress.ts';
import { formatEvent, formatReport } from '../../../../../src/controller/runs/show/report-json.ts';
import { formatTable } from '../../../../../src/controller/runs/show/run-report.ts';
import { styleFor } from '../../../../../src/controller/terminal/style.ts';
import { onOneLine } from '../../../../../src/shared/printable.ts';
import { done, host, online, RUN, ran, running } from '../../fakes.ts';

const whole = {
  ...done(1),
  members: 2,
  stallMs: 312.4,
  stallTotalMs: 3312.4,
  frozenMs: 251,
  binlog: 'binlog.000042:1234',
  gtid: '0-1-99',
};
const SNAPSHOT = { operation: 'snapshot', run: RUN, until: 'pending', cancelled: false } as const;
const report = collate(
  SNAPSHOT,
  partitionReachable(
    [running(1, 'orders'), running(2, 'a\x1b[31m\nname'), { ...running(3, '-'), state: 'stopped' }],
    [online(1), online(2)],
  ),
  {
    invocations: [
      ran(1, whole),
      ran(2, {
        v: 1,
        run: RUN,
        outcome: 'unsafe',
        code: 'thaw-failed',
        message: '/data may\nbe frozen',
        hint: 'Thaw it.',
      }),
    ],
  },
);

describe('the table', () => {
  it('shows every host, and below it what is to be done', async () => {
    await expect(formatTable(report, styleFor({}, {}))).toMatchFileSnapshot('run-report.golden.txt');
  });

  it('passes on the stall of all tries together', () => {
    expect(JSON.parse([...formatReport(report)].join('')).hosts[0]).toMatchObject({
      stallMs: 312.4,
      stallTotalMs: 3312.4,
    });
  });

  it('leaves out what nobody has', () => {
    const plan = collate(SNAPSHOT, partitionReachable([running(1)], [online(1)]), {
      invocations: [ran(1, { v: 1, run: RUN, outcome: 'done' })],
    });
    expect(formatTable(plan, styleFor({}, {})).split('\n')[0]).toBe('INSTANCE             NAME  OUTCOME');
  });

  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{}, {}, false],
  ])('on %j with %j is coloured: %s', (stream, environment, coloured) => {
    expect(formatTable(report, styleFor(stream, environment)).includes('\x1b')).toBe(coloured);
  });
});

describe('text from elsewhere', () => {
  it('cannot steer the terminal', () => {
    expect(onOneLine('a\x1b[2Jb\r\n\u009bc\u202ed\t e')).toBe('a [2Jb c d e');
  });
});

describe('the progress', () => {
  const events: FleetEvent[] = [
    { type: 'command-sent', commandId: 'c', hosts: 2 },
    { type: 'progress', targets: 2, completed: 0, errors: 0 },
    { type: 'progress', targets: 2, completed: 0, errors: 0 },
    { type: 'progress', targets: 2, completed: 2, errors: 1 },
    { type: 'host-left-out', instance: host(3), name: '-', message: 'the instance is stopped' },
  ];
  it('is a line each time it changes, where it is piped', () => {
    let text = '';
    const presenter = presentProgress({ isTTY: false, write: (part) => (text += part) }, () => 0);
    for (const event of events) presenter.emit(event);
    presenter.close();
    expect(text).toBe(
      [
        'command c sent to 2 hosts',
        '0 of 2 hosts ended',
        '2 of 2 hosts ended, 1 not well',
        `${host(3)} (-): the instance is stopped`,
        '',
      ].join('\n'),
    );
  });

  it('is one line of JSON an event', () => {
    expect(JSON.parse(formatEvent({ type: 'progress', targets: 2, completed: 1, errors: 0 }))).toEqual({
      ...{ v: 1, event: 'progress', targets: 2, completed: 1, errors: 0 },
    });
  });
});

const ORDERS = new RegExp(`(\\r|\\n|${'\u001b'}\\[[AJ])`);

/** What a terminal shows that knows the few orders which are used. */
function terminal(columns: number) {
  let rows = [''];
  let [row, column] = [0, 0];
  const obey = (order: string) => {
    if (order === '\r') column = 0;
    else if (order === '\n') [row, column] = [row + 1, 0];
    else if (order === '\x1b[A') row -= 1;
    else if (order === '\x1b[J') rows = [...rows.slice(0, row), rows[row]?.slice(0, column) ?? ''];
    else {
      rows[row] = `${(rows[row] ?? '').slice(0, column)}${order}`;
      column += order.length;
    }
  };
  const write = (text: string) => {
    for (const order of text.split(ORDERS).filter((each) => each !== '')) obey(order);
  };
  return { isTTY: true, columns, write, rows: () => rows.filter((each) => each !== '') };
}

describe('the live view', () => {
  const at = (seconds: number) => 1_000 * (1_000 + seconds);
  const worker = (n: number, since: number) => ({ instance: host(n), name: `db${n}`, since: new Date(at(since)) });
  const story: [number, FleetEvent][] = [
    [0, { type: 'wave-started', wave: 1, waves: 2, hosts: 100 }],
    [0, { type: 'command-sent', commandId: 'c', hosts: 50 }],
    [0, { type: 'progress', targets: 100, completed: 0, errors: 0 }],
    [60, { type: 'progress', targets: 100, completed: 25, errors: 1 }],
    [
      60,
      {
        type: 'looked',
        atWork: [worker(1, 55), worker(2, 10), worker(3, 20), worker(4, 40)],
        longestStallMs: 311.7,
      },
    ],
  ];
  const show = (columns: number, length = story.length) => {
    let now = 0;
    const screen = terminal(columns);
    const presenter = presentProgress(screen, () => now);
    for (const [seconds, event] of story.slice(0, length)) {
      now = at(seconds);
      presenter.emit(event);
    }
    return { presenter, screen };
  };

  it('shows how far the wave is, how long it takes still, who is slow and the longest stall', () => {
    expect(show(200).screen.rows()).toEqual([
      'wave 1 of 2: 100 hosts',
      'command c sent to 50 hosts',
      'wave 1 of 2: 25 of 100 hosts: 24 ended well, 1 not well, 4 at work, 71 waiting; about 3 min left',
      `at work the longest: ${host(2)} (db2) 50 s, ${host(3)} (db3) 40 s, ${host(4)} (db4) 20 s`,
      'longest stall so far: 312 ms',
    ]);
  });

  it('says what happens once above itself, and is gone in the end', () => {
    const { presenter, screen } = show(200);
    presenter.emit({ type: 'warned', message: 'm' });
    expect(screen.rows().slice(2, 4)).toEqual(['warning: m', expect.stringContaining('25 of 100 hosts')]);
    presenter.close();
    expect(screen.rows()).toEqual(['wave 1 of 2: 100 hosts', 'command c sent to 50 hosts', 'warning: m']);
  });

  it('fits into the width of the terminal, which may be unknown', () => {
    expect(
      Math.max(
        ...show(40)
          .screen.rows()
          .slice(2)
          .map(({ length }) => length),
      ),
    ).toBe(39);
    expect(show(0).screen.rows()).toEqual(show(80).screen.rows());
  });

  it('gives way to what EBS has to complete when the hosts have ended', () => {
    const { presenter, screen } = show(200);
    presenter.emit({ type: 'completing', pending: 1000 });
    expect(screen.rows().slice(2)).toEqual(['EBS has 1000 or more snapshots left to complete']);
  });
});
