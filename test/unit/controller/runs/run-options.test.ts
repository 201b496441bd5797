import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FleetOptions, fleetRequest } from '../../../../src/controller/runs/run-options.ts';
import { host } from '../fakes.ts';

const document = readFileSync(new URL('../../../../ssm-documents/snapshot.yaml', import.meta.url), 'utf8');
const given: FleetOptions = {
  instanceIds: [host(1)],
  documentName: 'mysql-ebs-snapshot',
  maxErrors: '100%',
  timeout: '600',
};
const request = (more: Partial<FleetOptions> = {}) => fleetRequest('snapshot', { ...given, ...more }, document);

describe('the request of a command line', () => {
  it('sends only the parameters that were given, and one run id for all', () => {
    const { run, parameters, comment } = request();
    expect(run).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/);
    expect(parameters).toEqual({ Operation: 'snapshot', RunId: run });
    expect(comment).toBe(`mysql-ebs-snapshot snapshot ${run}`);
  });

  it('turns the options of the agent into parameters of the document', () => {
    const options = {
      level: 'application',
      freeze: 'never',
      lockTimeout: '5',
      longQueryThreshold: '4',
      freezeTimeout: '8',
      splay: '30',
      passwordParameter: '/mysql-ebs-snapshot/p',
      serverGroup: '_b',
      tag: ['Team=db', 'Cost center=4 2'],
      runId: 'nightly-1',
    };
    expect(request(options).parameters).toEqual({
      Operation: 'snapshot',
      RunId: 'nightly-1',
      Level: 'application',
      Freeze: 'never',
      LockTimeout: '5',
      LongQueryThreshold: '4',
      FreezeTimeout: '8',
      Splay: '30',
      PasswordParameter: '/mysql-ebs-snapshot/p',
      ServerGroup: '_b',
      Tags: 'Team=db,Cost center=4 2',
    });
  });

  it.each<[Partial<FleetOptions>, string]>([
    [{ level: 'magic' }, "'magic' is not valid for --level (one of application, crash, auto)"],
    [{ freeze: 'yes' }, "'yes' is not valid for --freeze (one of auto, never)"],
    [{ lockTimeout: '0' }, "'0' is not valid for --lock-timeout"],
    [{ splay: '2000' }, "'2000' is not valid for --splay"],
    [{ passwordParameter: '/prod/root' }, "'/prod/root' is not valid for --password-parameter"],
    [{ serverGroup: '/etc/my.cnf' }, "'/etc/my.cnf' is not valid for --server-group"],
    [{ runId: 'a b' }, "'a b' is not valid for --run-id"],
    [{ tag: ['Team'] }, "'Team' is not valid for --tag"],
    [{ tag: ['Team=a,Env=b'] }, "'Team=a,Env=b' is not valid for --tag"],
    [{ tag: ['Team=$x'] }, "'Team=$x' is not valid for --tag"],
    [{ tag: ['Name=x'] }, "the tag key 'Name' is reserved"],
    [{ tag: ['mysql-ebs-snapshot:grade=application'] }, "the tag key 'mysql-ebs-snapshot:grade' is reserved"],
    [{ tag: ['AWS:x=y'] }, "the tag key 'AWS:x' is reserved"],
    [{ documentName: 'a b' }, "'a b' is not valid for --document-name"],
    [{ documentName: 'AWS-RunShellScript' }, "'AWS-RunShellScript' is not valid for --document-name"],
    [{ comment: 'x'.repeat(101) }, '--comment has 101 characters'],
    [{ maxConcurrency: '0' }, "'0' is not valid for --max-concurrency"],
    [{ maxConcurrency: '101%' }, "'101%' is not valid for --max-concurrency"],
    [{ maxErrors: 'none' }, "'none' is not valid for --max-errors"],
    [{ timeout: '29' }, "'29' is not valid for --timeout"],
    [{ timeout: '1e3' }, "'1e3' is not valid for --timeout"],
  ])('refuses %j by name', (options, message) => {
    expect(() => request(options)).toThrow(
      expect.objectContaining({ code: 'usage', message, hint: expect.stringMatching(/./) }),
    );
  });

  it.each(['10', '10%', '100%', '500'])('takes --max-concurrency %s', (maxConcurrency) => {
    expect(request({ maxConcurrency })).toMatchObject({ maxConcurrency });
  });
});
