/** What outlives a process but not a boot; the folder belongs to root alone (0700). */
export const STATE_FOLDER = '/run/mysql-ebs-snapshot';
/** flock on this file is the run lock; the guard inherits it. */
export const RUN_LOCK = `${STATE_FOLDER}/run.lock`;
/** A file for each mount point that may be frozen by a guard of ours, holding its path. */
export const FREEZE_RECORDS = `${STATE_FOLDER}/frozen`;
