import { slowScenarios } from './support/phase.ts';

slowScenarios();
