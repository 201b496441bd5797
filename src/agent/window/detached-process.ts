import { CHILD_ENVIRONMENT, type LineProcess, type Processes } from '../ports.ts';
import { shellProgram } from './shell.ts';

/** Where what has to outlive the agent lives. `unit`: a transient systemd service. `session`: a session of its own. */
export type Isolation = 'unit' | 'session';

/** What is started apart, and what it is there for, as systemd shows it. */
export interface DetachedProgram {
  readonly name: string;
  readonly description: string;
}

/**
 * Starts a program out of reach of whatever may end the agent. In a session of its own a kill of the process
 * group (Systems Manager's, at a timeout) does not reach it, but a kill of the whole cgroup does (a systemd unit that
 * is stopped, an out-of-memory kill of a unit): so where systemd runs, it lives in a unit of its own.
 */
export function spawnDetached(
  processes: Pick<Processes, 'start'>,
  home: Isolation,
  apart: DetachedProgram,
  program: readonly string[],
): LineProcess {
  const argv = home === 'unit' ? inTransientUnit(apart, program) : program;
  return processes.start(argv, { name: apart.name, ownSession: true });
}

/**
 * `--pipe` hands our ends of stdin and stdout to the unit itself; `--wait` keeps systemd-run, and so the stream, until
 * the unit has ended. systemd starts the unit where it lives itself, so the program first enters our mount namespace
 * (a unit with PrivateTmp, like ours may be, has one): the same path must name the same file system. Some of the guard's
 * processes outlive its first (the order to thaw ends that one), and with a stalled device below, for long: systemd
 * must not kill them when its patience with a unit that ends is over, or what they wait to thaw stays frozen. A unit has
 * systemd's environment, where an administrator may have set anything: it gets that of our other children.
 */
const inTransientUnit = ({ name, description }: DetachedProgram, program: readonly string[]): readonly string[] => [
  ...IGNORE_SIGNALS,
  'systemd-run',
  '--quiet',
  '--collect',
  '--pipe',
  '--wait',
  `--unit=mysql-ebs-snapshot-${name}-${process.pid}`,
  `--description=${description}`,
  '--property=OOMScoreAdjust=-1000',
  '--property=SendSIGKILL=no',
  '--',
  'nsenter',
  `--mount=/proc/${process.pid}/ns/mnt`,
  '--',
  'env',
  '--ignore-environment',
  ...Object.entries(CHILD_ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
  ...program.map(withoutExpansion),
];

/**
 * Runs a program that the signals of an orderly end do not reach: systemd sends them to every process of a unit that is
 * stopped, and it is the agent's to say when the window ends.
 */
const IGNORE_SIGNALS = shellProgram(`unset TMOUT; trap '' HUP INT TERM; exec "$@"`, 'deaf');

/** systemd replaces `$NAME` and `${NAME}` in a unit's command line by itself, and reads `$$` as `$`. */
const withoutExpansion = (argument: string): string => argument.replaceAll('$', '$$$$');
