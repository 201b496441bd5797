import { describe, expect, it } from 'vitest';
import { parseAgentOptions, runIdIn } from '../../../../src/agent/options/agent-options.ts';
import type { RunId } from '../../../../src/shared/ids.ts';

const words = (line: string) => (line === '' ? [] : line.split(' '));
const parse = (line: string) => parseAgentOptions(words(line), 'made-1' as RunId);

describe('the command line of the agent', () => {
  it('needs nothing but the verb', () => {
    expect(parse('snapshot')).toMatchObject({
      verb: 'snapshot',
      level: 'application',
      freeze: 'auto',
      lockTimeoutSeconds: 3,
      longQueryThresholdSeconds: 3,
      freezeTimeoutSeconds: 10,
      logFile: '/var/log/mysql-ebs-snapshot/mysql-ebs-snapshot.log',
    });
  });

  it('names the run as asked, and else as it was made', () => {
    expect(parse('plan --run-id nightly-7').runId).toBe('nightly-7');
    expect(parse('plan').runId).toBe('made-1');
  });

  it.each([
    ['snapshot --run-id nightly-7 --lock-timeout 99', 'nightly-7'],
    ['snapsot now --bogus --run-id=nightly-7', 'nightly-7'],
    ['snapshot --run-id a/b', undefined],
    ['snapshot --run-id', undefined],
    ['snapshot', undefined],
  ])('of %j, right or wrong, the run id is %s', (line, id) => {
    expect(runIdIn(words(line))).toBe(id);
  });

  it('lets the threshold of long statements follow the lock timeout', () => {
    expect(parse('snapshot --lock-timeout 7').longQueryThresholdSeconds).toBe(7);
  });

  it('kills nothing unless it is told to, and never what the gate would let through', () => {
    expect(parse('snapshot').killLongQueriesAfterSeconds).toBeUndefined();
    expect(parse('snapshot --kill-long-queries-after 3').killLongQueriesAfterSeconds).toBe(3);
    expect(() => parse('snapshot --kill-long-queries-after 2')).toThrow(
      "--kill-long-queries-after '2' takes whole seconds from --long-query-threshold (3) to 3600",
    );
    expect(() => parse('thaw --kill-long-queries-after 3')).toThrow('means nothing to thaw');
  });

  it('keeps everything behind the first = of a tag', () => {
    expect(parse('snapshot --tag a=b=c --tag d=').tags).toEqual({ a: 'b=c', d: '' });
  });

  it.each([
    ['', 'no command given'],
    ['snapsot', "unknown command 'snapsot'"],
    ['snapshot now', "unexpected argument 'now'"],
    ['capture', 'capture takes one FILE'],
    ['snapshot --lock-timout 3', "unknown option '--lock-timout'"],
    ['snapshot --capture x', '--capture means nothing to snapshot'],
    ['thaw --level application', '--level means nothing to thaw'],
    ['snapshot --level safe', "--level 'safe' is not one of: application, crash, auto"],
    ['snapshot --freeze maybe', "--freeze 'maybe' is not one of: auto, never"],
    ['snapshot --lock-timeout 0', "--lock-timeout '0' takes a whole number from 1 to 60"],
    ['snapshot --lock-timeout 2.5', "--lock-timeout '2.5' takes a whole number from 1 to 60"],
    ['snapshot --long-query-threshold 4', "--long-query-threshold '4' may not be above --lock-timeout"],
    ['snapshot --run-id a/b', "--run-id 'a/b' is not a run id"],
    ['snapshot --tag novalue', "--tag 'novalue' is not Key=Value"],
    ['snapshot --tag mysql-ebs-snapshot:grade=application', 'the key is not yours to set'],
    ['snapshot --tag AWS:x=y', 'the key is not yours to set'],
    [`snapshot --tag ${'k'.repeat(128)}=v`, 'is longer than EC2 takes'],
    ['snapshot --password-parameter a$b', "--password-parameter 'a$b' is not a Parameter Store name"],
  ])('refuses %j: %s', (line, message) => {
    expect(() => parse(line)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });
});
