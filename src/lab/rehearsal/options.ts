import type { SetLevel } from '../../shared/result.ts';

export interface RehearsalOptions {
  readonly dist: string;
  /** The lab's own bundle. */
  readonly program: string;
  readonly level: SetLevel;
  /** The first host becomes the source of the others, and every restored set becomes a replica of it. */
  readonly replica: boolean;
  readonly rounds: number;
  /** Draws the changes of the world while sets are taken; absent: it stands still. */
  readonly changesSeed?: string;
}
