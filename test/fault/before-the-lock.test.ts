import { scenariosOf } from './support/phase.ts';

scenariosOf('before the lock');
