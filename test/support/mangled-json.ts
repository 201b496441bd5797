import fc from 'fast-check';

/** JSON that somebody meddled with: values lost, swapped, cut short, doubled, or replaced by anything. */
export function mangled(original: unknown): fc.Arbitrary<unknown> {
  const places = [...placesIn(original)];
  const place = fc.constantFrom(...places);
  const elsewhere = place.map((path) => structuredClone(valueAt(original, path)));
  const replacement = fc.oneof(fc.jsonValue({ maxDepth: 2 }), oddText, elsewhere);
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.constant<Change>(() => LOST),
    replacement.map(
      (value): Change =>
        () =>
          value,
    ),
    fc.nat(40).map((at): Change => cut(at)),
    fc.tuple(fc.nat(40), oddText).map(([at, text]): Change => insert(at, text)),
    fc.constant<Change>((value) => (Array.isArray(value) ? [...value, ...structuredClone(value)] : value)),
  );
  return fc.array(fc.tuple(place, change), { minLength: 1, maxLength: 4 }).map((changes) => {
    const copy = structuredClone(original);
    for (const [path, how] of changes) changeAt(copy, path, how);
    return copy;
  });
}

/** Text as nobody expects it: odd numbers, control characters, halves of characters, names that JavaScript knows. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    ...['', ' ', '\n', '\u0000', '\u001b[2J', '\ud800', '\ufffd', '/', '..', '../..', '-', '0', '-1', '1e999', '0x10'],
    ...['NaN', '9'.repeat(15), '9'.repeat(400), '__proto__', 'constructor', 'toString', "'", '"', '\\', '`', '$(x)'],
  ),
  fc.integer().map(String),
);

type Change = (value: unknown) => unknown;
const LOST = Symbol('lost');

const cut = (at: number) => (value: unknown) =>
  typeof value === 'string' || Array.isArray(value) ? value.slice(0, at) : value;

const insert = (at: number, text: string) => (value: unknown) =>
  typeof value === 'string' ? `${value.slice(0, at)}${text}${value.slice(at)}` : value;

/** Every place below the top, as a path of keys. */
export function* placesIn(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (!isHolder(value)) return;
  for (const [key, below] of Object.entries(value)) yield* placesIn(below, [...path, key]);
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((holder, key) => (isHolder(holder) ? holder[key] : undefined), value);

/** Changes the value at a place, if an earlier change has left the place there. */
function changeAt(top: unknown, path: readonly string[], change: Change): void {
  const holder = valueAt(top, path.slice(0, -1));
  const key = path.at(-1);
  if (!isHolder(holder) || key === undefined || !Object.hasOwn(holder, key)) return;
  const value = change(holder[key]);
  if (value !== LOST) holder[key] = value;
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
