import { RunError } from '../../shared/errors.ts';
import { TAG_PREFIX } from '../../shared/tags.ts';
import type { GivenParameter } from './document-parameters.ts';

/** The options of the agent that are parameters of the document, as commander hands them over. */
export interface DocumentOptions {
  readonly tag?: readonly string[];
  readonly level?: string;
  readonly freeze?: string;
  readonly lockTimeout?: string;
  readonly longQueryThreshold?: string;
  readonly freezeTimeout?: string;
  readonly splay?: string;
  readonly passwordParameter?: string;
  readonly serverGroup?: string;
  readonly stopReplicaSql?: true;
}

/** Under their names there. */
const PARAMETER_OPTIONS = {
  level: ['Level', '--level'],
  freeze: ['Freeze', '--freeze'],
  lockTimeout: ['LockTimeout', '--lock-timeout'],
  longQueryThreshold: ['LongQueryThreshold', '--long-query-threshold'],
  freezeTimeout: ['FreezeTimeout', '--freeze-timeout'],
  splay: ['Splay', '--splay'],
  passwordParameter: ['PasswordParameter', '--password-parameter'],
  serverGroup: ['ServerGroup', '--server-group'],
} as const;

/** What the command line says of the document's parameters. Throws `usage`. */
export function givenParameters(options: DocumentOptions): readonly GivenParameter[] {
  const given: GivenParameter[] = [];
  for (const [key, [name, option]] of Object.entries(PARAMETER_OPTIONS)) {
    const value = options[key as keyof typeof PARAMETER_OPTIONS];
    if (value !== undefined) given.push({ name, option, value });
  }
  if (options.stopReplicaSql === true)
    given.push({ name: 'StopReplicaSql', option: '--stop-replica-sql', value: 'yes' });
  if (options.tag !== undefined)
    given.push({ name: 'Tags', option: '--tag', value: options.tag.map(checkTag).join(',') });
  return given;
}

function checkTag(text: string): string {
  const [key, ...rest] = text.split('=');
  if (key === undefined || key === '' || rest.length === 0 || text.includes(',')) {
    throw new RunError('usage', `'${text}' is not valid for --tag`, {
      hint: 'The form is Key=Value, with no comma; give --tag once for each tag.',
    });
  }
  if (key.startsWith(TAG_PREFIX) || key.toLowerCase().startsWith('aws:') || key === 'Name') {
    throw new RunError('usage', `the tag key '${key}' is reserved`, {
      hint: `Name, and all keys that begin with ${TAG_PREFIX} or aws:, are not yours to give.`,
    });
  }
  return text;
}
