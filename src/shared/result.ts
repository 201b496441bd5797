import * as v from 'valibot';
import { ERRORS, type ErrorCode } from './errors.ts';
import { jsonLine } from './json-line.ts';

/** What became of a run: `done`, `refused` (host untouched), `failed` (undone), `unsafe` (a person is needed). */
export const Outcome = v.picklist(['done', 'refused', 'failed', 'unsafe']);
export type Outcome = v.InferOutput<typeof Outcome>;

/** What a set is worth. `unproven` and `broken` never count as good. */
export const Grade = v.picklist(['unproven', 'application', 'crash', 'broken']);
export type Grade = v.InferOutput<typeof Grade>;

/**
 * How a set is taken. `application`: commits are held back, and the coordinates recorded. `crash`: nothing is held back,
 * where it is proven that crash recovery ends at exact coordinates.
 */
export const SetLevel = v.picklist(['application', 'crash']);
export type SetLevel = v.InferOutput<typeof SetLevel>;

/** What was asked for. `auto`: `crash` where that can be proven, else `application`. */
export const Level = v.picklist([...SetLevel.options, 'auto']);
export type Level = v.InferOutput<typeof Level>;

/** JSON can spell a number that is none (`1e999`), and such a one comes out of JSON as null. */
const Milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/**
 * The result of a run: one line of JSON, alone on stdout. Times are milliseconds.
 * Optional fields are left out, never null.
 */
export const Result = v.object({
  v: v.literal(1),
  run: v.string(),
  instance: v.optional(v.string()),
  outcome: Outcome,
  code: v.optional(v.string()),
  message: v.optional(v.string()),
  hint: v.optional(v.string()),
  /** How the set is taken; what was asked for, where that was not decided yet. */
  level: v.optional(Level),
  grade: v.optional(Grade),
  set: v.optional(v.string()),
  members: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  /** From the moment commits may wait to the unlock, of the longest try for the lock; absent where nothing waited. */
  stallMs: v.optional(Milliseconds),
  /** The same, of all tries together. */
  stallTotalMs: v.optional(Milliseconds),
  /** From the first freeze to the last thaw. */
  frozenMs: v.optional(Milliseconds),
  /** The CreateSnapshots round trip. */
  apiMs: v.optional(Milliseconds),
  /** `file:position` of the server's own binary log. */
  binlog: v.optional(v.string()),
  /** The GTID set, or `sha256:<hex>` of it where it is too long for a tag. */
  gtid: v.optional(v.string()),
  /** Flavour and version, like `mariadb 10.11.19`. */
  server: v.optional(v.string()),
  /** The codes of the warnings, if any: those of WARNINGS, and of another version perhaps others. */
  warnings: v.optional(v.array(v.string())),
  /** The whole run. */
  ms: v.optional(Milliseconds),
  snapshots: v.optional(v.array(v.string())),
});
export type Result = v.InferOutput<typeof Result>;

/** What Systems Manager keeps of stdout in every view of a result (measured with the genuine agent), in bytes. */
export const RESULT_BYTES = 1238;

/** The outcome that an exit status stands for. */
export function outcomeOf(code: ErrorCode): Outcome {
  const { exit } = ERRORS[code];
  if (exit >= 50 && exit < 70) return 'unsafe';
  if (exit === 2 || (exit >= 10 && exit < 30)) return 'refused';
  return 'failed';
}

/**
 * The result as one line of at most 1,238 bytes. What does not fit goes in a fixed order: `snapshots` (they are
 * found by the set's tag), `gtid` (it is in the manifest), `warnings` (they are in the log), the tails of the
 * texts, and at the very last what the set's tags know as well.
 */
export function encodeResult(result: Result): string {
  const fits = (candidate: Result) => Buffer.byteLength(jsonLine(candidate)) <= RESULT_BYTES;
  let rest = result;
  for (const key of ['snapshots', 'gtid', 'warnings'] as const) {
    if (!fits(rest)) rest = without(rest, key);
  }
  // A long hint must not cost the whole message, so the message keeps its beginning until the hint is gone.
  for (const [key, keep] of [
    ['message', 200],
    ['hint', 0],
    ['message', 0],
  ] as const) {
    const text = rest[key];
    if (text === undefined || fits(rest)) continue;
    rest = { ...rest, [key]: longestThatFits(text, keep, (part) => fits({ ...rest, [key]: part })) };
  }
  for (const key of ['server', 'binlog', 'set', 'instance'] as const) {
    if (!fits(rest)) rest = without(rest, key);
  }
  return jsonLine(rest);
}

function without(result: Result, key: keyof Result): Result {
  const { [key]: _dropped, ...rest } = result;
  return rest as Result;
}

/** The longest beginning of a text that fits, with `…` for its end; at least `keep` characters of it in any case. */
function longestThatFits(text: string, keep: number, fits: (part: string) => boolean): string {
  if (text.length <= keep) return text;
  let [low, high] = [keep, Math.min(text.length - 1, RESULT_BYTES)];
  const halfCharacter = /[\ud800-\udbff]$/;
  const part = (length: number) => `${text.slice(0, length).replace(halfCharacter, '')}…`;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(part(middle))) low = middle;
    else high = middle - 1;
  }
  return part(low);
}

/** Reads a result line; `undefined` for anything that is not one. */
export function decodeResult(line: string): Result | undefined {
  try {
    const parsed = v.safeParse(Result, JSON.parse(line));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
