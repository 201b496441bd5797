import { changesOf } from './support/phase.ts';

changesOf('before the lock');
