import { createHash } from 'node:crypto';
import { TAG_LIMITS } from '../../shared/tags.ts';

/** What AWS allows in the tags of every service [doc], so that a path comes back from EC2 as it was given. */
const SAFE_PATH = /^[A-Za-z0-9/_.:=+@-]+$/;

/** The value of the tag `datadir`: the path itself, or its hash where it is too long for a tag or has other characters. */
export const datadirTag = (path: string): string =>
  path.length <= TAG_LIMITS.value && SAFE_PATH.test(path)
    ? path
    : `sha256:${createHash('sha256').update(path).digest('hex')}`;
