import { scenariosOf } from './support/phase.ts';

scenariosOf('under the lock');
