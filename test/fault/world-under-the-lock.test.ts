import { changesOf } from './support/phase.ts';

changesOf('under the lock', 'afterwards');
