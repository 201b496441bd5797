import { scenariosOf } from './support/phase.ts';

scenariosOf('afterwards');
