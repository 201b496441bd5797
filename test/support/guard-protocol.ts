/**
 * The protocol of src/agent/window/guard.sh for one mount, as a transition system. With faults any process may die in any
 * state, and any command may fail: a `read` hears nothing, an `echo` is not heard, a record is neither written nor
 * removed, `fsfreeze` does nothing, or does its work and is killed before it reports.
 */
export interface State {
  /** Its end of the pipe is closed once it has ended, by order or by death. */
  readonly agent: 'silent' | 'asked' | 'ended';
  readonly toMain: readonly Word[];
  readonly main: 'forwards' | 'gone';
  readonly toHolder: readonly Word[];
  /** The command that the holder comes to next. */
  readonly holder:
    | 'reads'
    | 'records'
    | 'arms'
    | 'freezes'
    | 'disarms'
    | 'empties the record'
    | 'declines'
    | 'reads the order'
    | 'orders'
    | 'closes'
    | 'waits'
    | 'thaws again'
    | 'forgets'
    | 'gone';
  /** The holder's fsfreeze. It holds the thawer's pipe open, as the holder does, and outlives the holder. */
  readonly freezer: 'none' | 'runs';
  readonly toThawer: readonly Word[];
  readonly holderHasClosed: boolean;
  /** `succeeded`: it ended with status 0, which stands for a thaw. */
  readonly thawer: 'unarmed' | 'armed' | 'thaws' | 'succeeded' | 'failed';
  readonly frozen: boolean;
  readonly record: boolean;
  /** Whether the agent has asked for the freeze. */
  readonly asked: boolean;
  /** What the holder has reported last. */
  readonly reported: 'nothing' | 'frozen' | 'not frozen' | 'thawed' | 'stuck';
}

type Word = 'freeze' | 'thaw' | 'armed' | 'disarm';

/** How the script was before, to see that the exploration finds what was wrong with it. */
export interface Rules {
  /** The holder goes on to the freeze on nothing but `freeze`, and only where its thawer could be armed. */
  readonly freezesOnTheWordAlone: boolean;
  /** A thawer that was not armed ends with a status of failure. */
  readonly unarmedEndIsNoThaw: boolean;
  /** What is not frozen by us has lost its thawer and its record before the holder says so. */
  readonly declinesLast: boolean;
}

export const PROTOCOL: Rules = { freezesOnTheWordAlone: true, unarmedEndIsNoThaw: true, declinesLast: true };

export interface Faults {
  readonly deaths: readonly ('agent' | 'main' | 'holder' | 'thawer')[];
  readonly commandsFail: boolean;
  /** The deadline of holder and thawer passes before the kernel has frozen. */
  readonly freezeOutlastsDeadline: boolean;
}

export const EVERY_FAULT: Faults = {
  deaths: ['agent', 'main', 'holder', 'thawer'],
  commandsFail: true,
  freezeOutlastsDeadline: true,
};

const INITIAL: State = {
  agent: 'silent',
  toMain: [],
  main: 'forwards',
  toHolder: [],
  holder: 'reads',
  freezer: 'none',
  toThawer: [],
  holderHasClosed: false,
  thawer: 'unarmed',
  frozen: false,
  record: false,
  asked: false,
  reported: 'nothing',
};

/** A step, and the state that it leads to. */
export type Move = readonly [step: string, to: State];

/** Every move that is possible in a state. */
export function movesFrom(state: State, rules: Rules, faults: Faults): readonly Move[] {
  return [
    ...agentMoves(state),
    ...mainMoves(state, faults),
    ...holderMoves(state, rules, faults),
    ...freezerMoves(state, rules, faults),
    ...thawerMoves(state, rules, faults),
    ...deaths(state, faults),
  ];
}

function agentMoves(state: State): readonly Move[] {
  const { agent, toMain } = state;
  if (agent === 'silent') {
    return [
      ['the agent says freeze', { ...state, agent: 'asked', asked: true, toMain: [...toMain, 'freeze'] }],
      ['the agent ends without asking', { ...state, agent: 'ended' }],
    ];
  }
  if (agent === 'ended') return [];
  return [['the agent says thaw', { ...state, agent: 'ended', toMain: [...toMain, 'thaw'] }]];
}

function mainMoves(state: State, { commandsFail }: Faults): readonly Move[] {
  if (state.main === 'gone') return [];
  const [word, ...toMain] = state.toMain;
  const moves: Move[] = [];
  if (word !== undefined) {
    moves.push(['main forwards', { ...state, toMain, toHolder: [...state.toHolder, word] }]);
    if (commandsFail) moves.push(['main fails to forward', { ...state, toMain }]);
  } else if (state.agent === 'ended') moves.push(['main ends', { ...state, main: 'gone' }]);
  if (commandsFail) moves.push(['main fails to read', { ...state, main: 'gone' }]);
  return moves;
}

/** What a `read` comes to: a word, or nothing at end-of-file; nothing as well where it fails or its time is up. */
function heard(
  queue: readonly Word[],
  isClosed: boolean,
  mayFail: boolean,
): readonly (readonly [Word | undefined, readonly Word[]])[] {
  const [word, ...rest] = queue;
  const outcomes: (readonly [Word | undefined, readonly Word[]])[] = [];
  if (word !== undefined) outcomes.push([word, rest]);
  if (mayFail || (word === undefined && isClosed)) outcomes.push([undefined, queue]);
  return outcomes;
}

function holderMoves(state: State, rules: Rules, { commandsFail, freezeOutlastsDeadline }: Faults): readonly Move[] {
  const thawerListens = state.thawer === 'unarmed' || state.thawer === 'armed';
  /** The outcomes of an echo to the thawer. */
  const says = (word: Word, heardIt: State['holder'], failed: State['holder']): Move[] => [
    ...(thawerListens
      ? [[`the holder says ${word}`, { ...state, holder: heardIt, toThawer: [...state.toThawer, word] }] as const]
      : []),
    ...(commandsFail || !thawerListens
      ? [[`the holder cannot say ${word}`, { ...state, holder: failed }] as const]
      : []),
  ];
  const to = (step: string, change: Partial<State>): Move => [`the holder ${step}`, { ...state, ...change }];

  switch (state.holder) {
    case 'reads':
      return heard(state.toHolder, state.main === 'gone', commandsFail).map(([word, toHolder]): Move => {
        const then = { ...state, toHolder };
        const hears = `the holder hears ${word ?? 'nothing'}`;
        if (word === 'freeze' || (word !== undefined && !rules.freezesOnTheWordAlone))
          return [hears, { ...then, holder: 'records' }];
        if (rules.freezesOnTheWordAlone || thawerListens)
          return [hears, { ...then, holder: 'gone', holderHasClosed: true, toThawer: [...state.toThawer, 'disarm'] }];
        return [`${hears}, and cannot say disarm`, { ...then, holder: 'records' }];
      });
    case 'records':
      return [
        to('makes the record', { record: true, holder: 'arms' }),
        ...(commandsFail ? [to('fails to make the record', { holder: 'disarms' })] : []),
      ];
    case 'arms':
      return says('armed', 'freezes', rules.freezesOnTheWordAlone ? 'disarms' : 'freezes');
    case 'freezes':
      return state.freezer === 'none' ? [to('starts fsfreeze', { freezer: 'runs' })] : [];
    case 'disarms':
      return rules.declinesLast
        ? says('disarm', 'empties the record', 'empties the record')
        : says('disarm', 'forgets', 'forgets');
    case 'empties the record':
      return [
        to('empties the record', { record: false, holder: 'declines' }),
        ...(commandsFail ? [to('fails to empty the record', { holder: 'declines' })] : []),
      ];
    case 'declines':
      return [to('says that nothing is frozen', { reported: 'not frozen', holder: 'forgets' })];
    case 'reads the order':
      return heard(state.toHolder, state.main === 'gone', commandsFail || freezeOutlastsDeadline).map(
        ([word, toHolder]): Move => [
          `the holder hears ${word ?? 'nothing, or its time is up'}`,
          { ...state, toHolder, holder: word === 'thaw' ? 'orders' : 'closes' },
        ],
      );
    case 'orders':
      return says('thaw', 'closes', 'closes');
    case 'closes':
      return [to('closes the pipe of its thawer', { holderHasClosed: true, holder: 'waits' })];
    case 'waits':
      return [
        ...(state.thawer === 'succeeded'
          ? [to('sees that its thawer has thawed', { reported: 'thawed', holder: 'forgets' })]
          : []),
        ...(state.thawer === 'failed' || commandsFail
          ? [to('sees that its thawer failed', { holder: 'thaws again' })]
          : []),
      ];
    case 'thaws again':
      return [
        to(state.frozen ? 'thaws' : 'sees that it is frozen no more', {
          frozen: false,
          reported: 'thawed',
          holder: 'forgets',
        }),
        ...(commandsFail
          ? [
              to('fails to thaw', { reported: 'stuck', holder: 'gone' }),
              to('thaws, and does not learn of it', { frozen: false, reported: 'stuck', holder: 'gone' }),
            ]
          : []),
      ];
    case 'forgets':
      return [
        to('removes the record', { record: false, holder: 'gone', holderHasClosed: true }),
        ...(commandsFail ? [to('fails to remove the record', { holder: 'gone', holderHasClosed: true })] : []),
      ];
    case 'gone':
      return [];
  }
}

/** fsfreeze in the kernel. Where its holder has died it goes on alone. */
function freezerMoves(state: State, { declinesLast }: Rules, { commandsFail }: Faults): readonly Move[] {
  if (state.freezer === 'none') return [];
  const isHeld = state.holder === 'freezes';
  const ends = (step: string, frozen: boolean, reported: State['reported'], holder: State['holder']): Move => [
    `fsfreeze ${step}`,
    { ...state, freezer: 'none', frozen: state.frozen || frozen, ...(isHeld && { reported, holder }) },
  ];
  return [
    ends('freezes', true, 'frozen', 'reads the order'),
    ends('is refused', false, declinesLast ? 'nothing' : 'not frozen', 'disarms'),
    ...(commandsFail
      ? [
          ends('freezes, and is killed', true, 'frozen', 'reads the order'),
          ends('is killed', false, 'frozen', 'reads the order'),
        ]
      : []),
  ];
}

function thawerMoves(
  state: State,
  { unarmedEndIsNoThaw }: Rules,
  { commandsFail, freezeOutlastsDeadline }: Faults,
): readonly Move[] {
  const isClosed = (state.holderHasClosed || state.holder === 'gone') && state.freezer === 'none';
  const unarmed = unarmedEndIsNoThaw ? 'failed' : 'succeeded';
  const move = (step: string, change: Partial<State>): Move => [`the thawer ${step}`, { ...state, ...change }];
  switch (state.thawer) {
    case 'unarmed':
      return heard(state.toThawer, isClosed, commandsFail).map(([word, toThawer]) =>
        move(`hears ${word ?? 'nothing'}`, { toThawer, thawer: word === 'armed' ? 'armed' : unarmed }),
      );
    case 'armed': {
      const timeMayBeUp = freezeOutlastsDeadline || (state.freezer === 'none' && state.holder !== 'freezes');
      return heard(state.toThawer, isClosed, commandsFail || timeMayBeUp).map(([word, toThawer]) =>
        move(`hears ${word ?? 'nothing, or its time is up'}`, {
          toThawer,
          thawer: word === 'disarm' ? unarmed : 'thaws',
        }),
      );
    }
    case 'thaws':
      return [
        // While the kernel still freezes there is nothing to thaw yet.
        state.frozen
          ? move('thaws', { frozen: false, thawer: 'succeeded' })
          : move('thaws nothing', { thawer: 'failed' }),
        ...(commandsFail
          ? [
              move('fails to thaw', { thawer: 'failed' }),
              move('thaws, and is killed', { frozen: false, thawer: 'failed' }),
            ]
          : []),
      ];
    case 'succeeded':
    case 'failed':
      return [];
  }
}

function deaths(state: State, { deaths: mortals }: Faults): readonly Move[] {
  const thawerLives = state.thawer === 'unarmed' || state.thawer === 'armed' || state.thawer === 'thaws';
  const corpses: readonly (readonly [(typeof mortals)[number], boolean, Partial<State>])[] = [
    ['agent', state.agent !== 'ended', { agent: 'ended' }],
    ['main', state.main !== 'gone', { main: 'gone' }],
    ['holder', state.holder !== 'gone', { holder: 'gone' }],
    ['thawer', thawerLives, { thawer: 'failed' }],
  ];
  return corpses
    .filter(([who, lives]) => lives && mortals.includes(who))
    .map(([who, , change]) => [`the ${who} dies`, { ...state, ...change }]);
}

export interface Exploration {
  readonly states: number;
  /** The states in which nothing more happens, not counting deaths. */
  readonly ends: readonly State[];
  /** For each rule that a reachable state breaks: the shortest way there. */
  readonly broken: Readonly<Record<string, readonly string[]>>;
}

/** Visits every reachable state, the nearest first, and holds each against the rules. */
export function explore(
  rules: Rules,
  faults: Faults,
  invariants: Readonly<Record<string, (state: State) => boolean>>,
): Exploration {
  const cameFrom = new Map<string, { readonly state: State; readonly before?: string; readonly step?: string }>();
  const key = (state: State) => JSON.stringify(Object.entries(state).sort());
  const queue: string[] = [key(INITIAL)];
  cameFrom.set(key(INITIAL), { state: INITIAL });
  const broken: Record<string, readonly string[]> = {};
  const ends: State[] = [];
  for (let at = 0; at < queue.length; at++) {
    const here = queue[at] ?? '';
    const { state } = cameFrom.get(here) ?? { state: INITIAL };
    for (const [name, holds] of Object.entries(invariants)) if (!holds(state)) broken[name] ??= wayTo(here);
    if (movesFrom(state, rules, { ...faults, deaths: [], commandsFail: false }).length === 0) ends.push(state);
    for (const [step, next] of movesFrom(state, rules, faults)) {
      const there = key(next);
      if (cameFrom.has(there)) continue;
      cameFrom.set(there, { state: next, before: here, step });
      queue.push(there);
    }
  }
  return { states: queue.length, ends, broken };

  function wayTo(end: string): readonly string[] {
    const steps: string[] = [];
    for (let now = cameFrom.get(end); now?.step !== undefined; now = cameFrom.get(now.before ?? ''))
      steps.unshift(now.step);
    return steps;
  }
}
