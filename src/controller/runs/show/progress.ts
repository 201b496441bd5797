import type { EmitFleet, FleetEvent } from '../../events.ts';
import { drawView, nextView, type View } from './live-view.ts';
import { sentence } from './sentences.ts';

/** What a presenter writes to: stderr, or a test's buffer. */
export interface Screen {
  readonly isTTY?: boolean;
  /** 0 where the terminal does not know its width. */
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressPresenter {
  readonly emit: EmitFleet;
  /** Removes what is being rewritten, so that the report stands alone. */
  close(): void;
}

/** What is said again and again. */
const REWRITTEN: ReadonlySet<FleetEvent['type']> = new Set(['progress', 'looked', 'completing', 'sets-deleted']);

/**
 * On a terminal what goes on is a view at the bottom that is rewritten, above it a line for all that happens once; piped,
 * a line each time the counts change. `now`: milliseconds.
 */
export function presentProgress(screen: Screen, now: () => number): ProgressPresenter {
  const isLive = screen.isTTY === true;
  let view: View = {};
  let [lastLine, shown] = ['', 0];
  const clear = () => {
    if (shown > 0) screen.write(`\r${'\x1b[A'.repeat(shown - 1)}\x1b[J`);
    shown = 0;
  };
  return {
    emit(event) {
      view = nextView(view, event, now());
      const text = sentence(event);
      if (!isLive || !REWRITTEN.has(event.type)) {
        if (text === undefined || (REWRITTEN.has(event.type) && text === lastLine)) return;
        lastLine = text;
        clear();
        screen.write(`${text}\n`);
      }
      if (!isLive) return;
      const lines = drawView(view, now(), (screen.columns || 80) - 1);
      clear();
      if (lines.length > 0) screen.write(lines.join('\n'));
      shown = lines.length;
    },
    close: clear,
  };
}
