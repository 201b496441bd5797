import { describe, expect, it } from 'vitest';
import type { FleetEvent } from '../../../../src/controller/events.ts';
import { collate } from '../../../../src/controller/fleet/collate.ts';
import { sortOut } from '../../../../src/controller/fleet/reachable.ts';
import { presentProgress } from '../../../../src/controller/report/progress.ts';
import { printable, styleFor } from '../../../../src/controller/report/style.ts';
import { formatTable } from '../../../../src/controller/report/table.ts';
import { done, host, online, RUN, ran, running } from '../fakes.ts';

const whole = { ...done(1), members: 2, stallMs: 312.4, frozenMs: 251, binlog: 'binlog.000042:1234', gtid: '0-1-99' };
const SNAPSHOT = { operation: 'snapshot', run: RUN, cancelled: false } as const;
const report = collate(
  SNAPSHOT,
  sortOut(
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
    await expect(formatTable(report, styleFor({}, {}))).toMatchFileSnapshot('table.golden.txt');
  });

  it('leaves out what nobody has', () => {
    const plan = collate(SNAPSHOT, sortOut([running(1)], [online(1)]), {
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
    expect(printable('a\x1b[2Jb\r\n\u009bc\u202ed\t e')).toBe('a [2Jb c d e');
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
  const shown = (isTTY: boolean, columns = 80) => {
    let text = '';
    const presenter = presentProgress({ isTTY, columns, write: (part) => (text += part) });
    for (const event of events) presenter.emit(event);
    presenter.close();
    return text;
  };

  it('is a line each time it changes, where it is piped', () => {
    expect(shown(false)).toBe(
      [
        'command c sent to 2 hosts',
        '0 of 2 hosts ended',
        '2 of 2 hosts ended, 1 not well',
        `${host(3)} (-): the instance is stopped`,
        '',
      ].join('\n'),
    );
  });

  it('fits into one line of the terminal, whose width may be unknown', () => {
    expect(shown(true, 11)).toContain('\n0 of 2 hos\r');
    expect(shown(true, 0)).toBe(shown(true));
  });

  it('is one line that is rewritten, on a terminal', () => {
    const clear = '\r\x1b[K';
    expect(shown(true)).toBe(
      `command c sent to 2 hosts\n0 of 2 hosts ended${clear}2 of 2 hosts ended, 1 not well${clear}${host(3)} (-): the instance is stopped\n`,
    );
  });
});
