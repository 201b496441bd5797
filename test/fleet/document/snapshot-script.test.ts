import { describe, expect, it } from 'vitest';
import { type Host, REAL_RUNTIME, runScript as runHonoured, type Shell } from './run-script.ts';

/** Stands in for the agent: a result line whose message is what it was given. */
const TELLS_ARGUMENTS = `
const given = { argv: process.argv.slice(2), home: process.env.HOME ?? null };
console.log(JSON.stringify({ v: 1, run: 'r', outcome: 'done', message: JSON.stringify(given) }));
console.error('for people');
`;
const RESULT = '{"v":1,"run":"r","outcome":"failed","code":"lock-timeout"}';
const ends = (javascript: string) => ({ agent: javascript, ownRuntime: REAL_RUNTIME });
const told = (message: string | undefined) => JSON.parse(message ?? '{}') as { argv: string[]; home: string | null };

// Needs a mount namespace of its own, so that /opt can be the host's.
describe.runIf(process.getuid?.() === 0).each<Shell>(['dash', 'bash'])(
  'the script of the document, where /bin/sh is %s,',
  (shell) => {
    const runScript = (host: Host, parameters = {}, honoured = true) =>
      runHonoured(host, parameters, { honoured, shell });

    it('runs the agent with the defaults and leaves out what is empty', () => {
      const { status, stderr, result } = runScript(ends(TELLS_ARGUMENTS));
      expect(status).toBe(0);
      expect(stderr).toBe('for people\n');
      expect(told(result?.message)).toEqual({
        argv: 'snapshot --json --level application --freeze auto --lock-timeout 3 --freeze-timeout 10 --splay 0'.split(
          ' ',
        ),
        home: null,
      });
    });

    it('thaws without asking for more', () => {
      const { result } = runScript(ends(TELLS_ARGUMENTS), { Operation: 'thaw', Tags: 'Team=db' });
      expect(told(result?.message).argv).toEqual(['thaw', '--json']);
    });

    it('hands every value over whole, as one argument', () => {
      const { result } = runScript(ends(TELLS_ARGUMENTS), {
        Operation: 'plan',
        LongQueryThreshold: '2',
        RunId: 'nightly-1',
        PasswordParameter: '/mysql-ebs-snapshot/password',
        ServerGroup: '@replica-01',
        Tags: 'Team=db,Cost center=a = b,Empty=',
      });
      const { argv } = told(result?.message);
      expect(argv[0]).toBe('plan');
      expect(argv.slice(12)).toEqual([
        ...[
          '--long-query-threshold',
          '2',
          '--run-id',
          'nightly-1',
          '--password-parameter',
          '/mysql-ebs-snapshot/password',
          '--defaults-group-suffix',
          '@replica-01',
        ],
        ...['--tag', 'Team=db', '--tag', 'Cost center=a = b', '--tag', 'Empty='],
      ]);
    });

    it.each(['$(echo x)', '`echo x`', "it's; echo x", '*', '/*', 'a"b\\c', '~', '$HOME', 'two\nlines', ' '])(
      'executes nothing of %j, even where no pattern has stopped it',
      (value) => {
        const { result } = runScript(ends(TELLS_ARGUMENTS), {
          Level: value,
          RunId: value,
          ServerGroup: value,
          Tags: `K=${value},L=${value}`,
        });
        const { argv } = told(result?.message);
        const after = (option: string) => argv[argv.indexOf(option) + 1];
        expect([argv[3], after('--run-id'), after('--defaults-group-suffix')]).toEqual([value, value, value]);
        expect(argv.slice(-4)).toEqual(['--tag', `K=${value}`, '--tag', `L=${value}`]);
      },
    );

    it('tells a failure in JSON that is whole, whatever the run is called', () => {
      const { stdout, result } = runScript({}, { RunId: 'a"},\n$(echo x)\u001b[2J' });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(result).toMatchObject({ run: 'aechox2J', outcome: 'refused', code: 'host-unfit' });
    });

    it('expands nothing of Tags to file names', () => {
      const { result } = runScript(ends(TELLS_ARGUMENTS), { Tags: '*,/*' });
      expect(told(result?.message).argv.slice(-4)).toEqual(['--tag', '*', '--tag', '/*']);
    });

    it('keeps the status and the line of the agent', () => {
      const { status, stdout } = runScript(ends(`console.log('${RESULT}'); process.exitCode = 30;`));
      expect([status, stdout]).toEqual([30, `${RESULT}\n`]);
    });

    it.each([137, 168, 169, 194])('never ends with %d, which Systems Manager would misread', (misread) => {
      const { status, stdout } = runScript(ends(`console.log('${RESULT}'); process.exitCode = ${misread};`));
      expect([status, stdout]).toEqual([1, `${RESULT}\n`]);
    });

    it.each([129, 137, 168, 169, 194])('takes the status %d without a result for a kill', (agentStatus) => {
      const { status, result } = runScript(ends(`process.exitCode = ${agentStatus};`));
      expect(status).toBe(52);
      expect(result).toMatchObject({ outcome: 'unsafe', code: 'outcome-unknown' });
    });

    it('reports an agent that was killed as an unknown outcome', () => {
      const { status, result, stderr } = runScript(
        ends(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`),
        {
          RunId: 'nightly-1',
        },
      );
      expect(status).toBe(52);
      expect(result).toMatchObject({
        run: 'nightly-1',
        instance: 'i-0123456789abcdef0',
        outcome: 'unsafe',
        code: 'outcome-unknown',
      });
      expect(stderr).toContain('(status 137)');
    });

    it.each([0, 1, 7, 30, 52, 128])('reports an agent that ends with %d and says nothing as a bug', (agentStatus) => {
      const { status, result } = runScript(ends(`process.exitCode = ${agentStatus};`));
      expect(status).toBe(1);
      expect(result).toMatchObject({
        outcome: 'failed',
        code: 'bug',
        message: `The agent ended with status ${agentStatus} and reported nothing.`,
      });
    });

    it('prefers the runtime of the installation, and takes the one on PATH otherwise', () => {
      const broken = '#!/bin/sh\nexit 3\n';
      expect(runScript({ agent: TELLS_ARGUMENTS, ownRuntime: REAL_RUNTIME, runtimeOnPath: broken }).status).toBe(0);
      expect(runScript({ agent: TELLS_ARGUMENTS, runtimeOnPath: REAL_RUNTIME }).status).toBe(0);
    });

    const version = (text: string) =>
      `#!/bin/sh\n[ "$1" = --version ] && echo '${text}' && exit 0\nexec ${process.execPath} "$@"\n`;
    it.each(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v100.1.0'])('takes the runtime %s', (text) => {
      expect(runScript({ agent: TELLS_ARGUMENTS, ownRuntime: version(text) }).status).toBe(0);
    });

    const unfit: Record<string, { host: Host; message: string; hint: string }> = {
      'no agent': {
        host: { ownRuntime: REAL_RUNTIME },
        message: 'there is no /opt/mysql-ebs-snapshot/agent.cjs',
        hint: 'Copy agent.cjs',
      },
      'no runtime': { host: { agent: TELLS_ARGUMENTS }, message: 'no Node.js runtime', hint: 'Install Node.js 20.19' },
      'a runtime whose version is no version': {
        host: { agent: TELLS_ARGUMENTS, ownRuntime: '#!/bin/sh\necho "\\"; x"\n' },
        message: '(version unknown,',
        hint: 'Install Node.js',
      },
    };
    for (const text of ['v20.18.3', 'v18.19.0', 'v9.11.2']) {
      unfit[`the runtime ${text}`] = {
        host: { agent: TELLS_ARGUMENTS, ownRuntime: version(text) },
        message: `(version ${text.slice(1)},`,
        hint: 'Install Node.js',
      };
    }
    it.each(Object.entries(unfit))('refuses, and says what to do: %s', (_what, { host, message, hint }) => {
      const { status, stdout, stderr, result } = runScript(host, { RunId: 'nightly-1' });
      expect(status).toBe(10);
      expect(stdout.split('\n')).toHaveLength(2);
      expect(result).toMatchObject({
        run: 'nightly-1',
        instance: 'i-0123456789abcdef0',
        outcome: 'refused',
        code: 'host-unfit',
      });
      expect(result?.message).toContain(message);
      expect(result?.hint).toContain(hint);
      expect(stderr).toBe(`mysql-ebs-snapshot: ${result?.message}\nhint: ${result?.hint}\n`);
    });

    it('refuses where the SSM agent is too old to pass parameters by environment', () => {
      const { status, result } = runScript(ends(TELLS_ARGUMENTS), { RunId: 'nightly-1' }, false);
      expect(status).toBe(10);
      expect(result).toMatchObject({ run: '', outcome: 'refused', code: 'host-unfit' });
      expect(result?.message).toContain('3.3.2746.0');
      expect(result?.instance).toBeUndefined();
    });
  },
);
