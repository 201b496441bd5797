import { changesAtLevelCrash } from './support/phase.ts';

changesAtLevelCrash();
