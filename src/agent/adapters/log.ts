import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino, { type DestinationStream } from 'pino';
import { messageOf, RunError } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';
import type { LogLevel } from '../events.ts';

/** Readable lines on stderr and, the same, in a log file. */
export interface Log {
  write(severity: LogLevel, text: string): void;
}

type Sink = ReturnType<typeof pino.destination>;

/**
 * Opens the log; the file's folder is made where it is missing. Lines are written at once (nothing is lost at the
 * exit).
 * Throws RunError `host-unfit` where the file cannot be written. Once open, it never fails: a run must not end, least
 * of all while it holds something, because a disk is full. What cannot be written to any more is left alone.
 */
export function openLog(logFile: string | undefined): Log {
  const sinks = new Map<string, Sink>([['standard error', pino.destination({ dest: 2, sync: true })]]);
  if (logFile !== undefined) sinks.set(logFile, openLogFile(logFile));
  for (const [name, sink] of sinks) sink.on('error', (error: Error) => giveUp(name, error));

  const text: DestinationStream = {
    write(record) {
      const { time, level, msg } = JSON.parse(record) as { time: string; level: string; msg: string };
      const line = `${time} ${level.toUpperCase().padEnd(5)} ${printable(msg)}\n`;
      for (const sink of [...sinks.values()]) sink.write(line);
    },
  };
  const logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    text,
  );
  return { write: (severity, message) => logger[severity](message) };

  function giveUp(name: string, error: Error): void {
    if (sinks.delete(name)) logger.warn(`nothing more is logged to ${name}: ${error.message}`);
  }
}

function openLogFile(path: string): Sink {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    return pino.destination({ dest: path, sync: true, append: true, mode: 0o640 });
  } catch (error) {
    throw new RunError('host-unfit', `--log-file ${path}: ${messageOf(error)}`, {
      hint: 'Name a file that root can write, or say --no-log-file.',
    });
  }
}
