declare const __VERSION__: string;
declare const __COMMIT__: string;

/** The released version and the commit it was built from; the bundler writes both in (`dev` when run from source). */
export const VERSION = typeof __VERSION__ === 'string' ? __VERSION__ : 'dev';
export const COMMIT = typeof __COMMIT__ === 'string' ? __COMMIT__ : 'source';
