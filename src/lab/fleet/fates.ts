/** What becomes of a host of a simulated fleet. */
export type Fate =
  /** Its set is taken, graded and completed. */
  | 'done'
  /** Prints that it failed: without a set, with one that it calls broken, with one that stays unproven. */
  | 'lock-timeout'
  | 'set-broken'
  | 'grade-unwritten'
  /** Prints that it refused. */
  | 'storage-unfit'
  /** Prints that a person is needed. */
  | 'thaw-failed'
  /** Killed before it could print anything; no set was taken, or one that stays unproven. */
  | 'killed'
  | 'killed-with-set'
  /** Systems Manager says that it could not deliver the command. */
  | 'undeliverable'
  | 'invalid-platform'
  | 'access-denied'
  /** Registered at the inventory, and no more when the command is sent: the command does not know it. */
  | 'dropped-out'
  /** An instance that Systems Manager has never known. */
  | 'unmanaged'
  /** Prints done; then EBS loses a member of its set, while the run goes on or after its end. */
  | 'member-fails'
  | 'member-fails-late';

/** How much of a fleet meets which fate, and where those stand in the order of delivery; all others are done. */
export const SHARES: readonly {
  readonly fate: Fate;
  readonly share: number;
  readonly among: 'all' | 'first-half' | 'last-served';
}[] = [
  { fate: 'member-fails-late', share: 0.002, among: 'last-served' },
  { fate: 'member-fails', share: 0.004, among: 'first-half' },
  { fate: 'lock-timeout', share: 0.015, among: 'all' },
  { fate: 'set-broken', share: 0.002, among: 'all' },
  { fate: 'grade-unwritten', share: 0.001, among: 'all' },
  { fate: 'storage-unfit', share: 0.01, among: 'all' },
  { fate: 'thaw-failed', share: 0.001, among: 'all' },
  { fate: 'killed', share: 0.002, among: 'all' },
  { fate: 'killed-with-set', share: 0.001, among: 'all' },
  { fate: 'undeliverable', share: 0.007, among: 'all' },
  { fate: 'invalid-platform', share: 0.001, among: 'all' },
  { fate: 'access-denied', share: 0.001, among: 'all' },
  { fate: 'dropped-out', share: 0.005, among: 'all' },
  { fate: 'unmanaged', share: 0.003, among: 'all' },
];
