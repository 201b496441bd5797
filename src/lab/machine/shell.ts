import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { RunError } from '../../shared/errors.ts';

/** In the environment of everything a lab starts: by this the sweep knows its processes again, whoever their parent is. */
export const LAB_MARKER = 'MYSQL_EBS_SNAPSHOT_LAB';

export interface RunOptions {
  /** Text for the program's stdin. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What ends it when the shell's signal is aborted; SIGTERM where nothing is said. */
  readonly killSignal?: NodeJS.Signals;
}

/** Starts programs by argument array. Once `signal` is aborted nothing more is started, and what runs is ended. */
export interface Shell {
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** Runs a program to its end and returns its stdout. Throws RunError `lab-unfit` with what it complained of. */
  run(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program in a session of its own: a Ctrl-C at the terminal reaches the lab, and only the lab. */
  start(argv: readonly string[], options: SpawnOptions): ChildProcess;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** A shell without a lab: what it starts carries no marker. */
export const plainShell = (signal: AbortSignal = new AbortController().signal): Shell => shell(signal, process.env);

/** The shell of one lab. The caller's AWS settings do not reach its programs: the lab has an AWS of its own. */
export function labShell(labId: string, signal: AbortSignal): Shell {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return shell(signal, { ...Object.fromEntries(inherited), [LAB_MARKER]: labId });
}

function shell(signal: AbortSignal, environment: NodeJS.ProcessEnv): Shell {
  return {
    signal,
    environment,
    run: (argv, options = {}) =>
      new Promise((resolve, reject) => {
        const [program = '', ...args] = argv;
        const env = { ...environment, ...options.environment };
        const { killSignal } = options;
        const settings = { signal, env, maxBuffer: MAX_OUTPUT_BYTES, ...(killSignal && { killSignal }) };
        const child = execFile(program, args, settings, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else if (signal.aborted) reject(signal.reason);
          else reject(new RunError('lab-unfit', complaint(argv, stderr.trim() || stdout.trim() || error.message)));
        });
        // A program that ends without reading its input is judged by its exit status, not by the broken pipe.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(options.input ?? '');
      }),
    start: (argv, options) => {
      signal.throwIfAborted();
      const [program = '', ...args] = argv;
      return spawn(program, args, { detached: true, ...options, env: { ...environment, ...options.env } });
    },
  };
}

const complaint = (argv: readonly string[], reason: string): string => {
  const [program] = argv;
  return `${program}: ${reason.split('\n').slice(-3).join(' ')}`;
};
