import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isWithin,
  type Mount,
  mountOf,
  mountsWithin,
  parseMountinfo,
  superOption,
  visibleMounts,
} from '../../../../src/agent/discovery/mountinfo.ts';
import { RunError } from '../../../../src/shared/errors.ts';

/** As the kernel's mangle_path writes: these characters as three octal digits, the rest as they are. */
const asTheKernelWrites = (text: string): string =>
  text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

const name = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replace(/\//g, '_'));
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`);
const optional = fc.array(fc.constantFrom('shared:1', 'master:12', 'propagate_from:3', 'unbindable'), { maxLength: 3 });

test('any mount point, root and source come back as they were written', () => {
  fc.assert(
    fc.property(path, path, name, optional, (mountPoint, root, source, fields) => {
      const line = [
        31,
        27,
        '259:3',
        asTheKernelWrites(root),
        asTheKernelWrites(mountPoint),
        'rw,noatime',
        ...fields,
        '-',
        'xfs',
        asTheKernelWrites(source),
        'rw,noquota',
      ];
      expect(parseMountinfo(`${line.join(' ')}\n`)).toEqual([
        {
          id: 31,
          parent: 27,
          majorMinor: '259:3',
          root,
          mountPoint,
          fsType: 'xfs',
          source,
          superOptions: 'rw,noquota',
        },
      ]);
    }),
  );
});

test('a mount table with any bytes in its paths is read as Node reads those paths elsewhere', () => {
  const bytes = fc
    .uint8Array({ minLength: 1, maxLength: 8 })
    .map((name) => name.filter((byte) => byte !== 0 && byte !== 0x2f));
  const escaped = (name: Uint8Array): Buffer =>
    Buffer.concat(
      [...name].map((byte) => Buffer.from(ESCAPED.has(byte) ? `\\${byte.toString(8).padStart(3, '0')}` : [byte])),
    );
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, bytes)), (mounts) => {
      const table = mounts.map(([name, source], number) =>
        Buffer.concat([
          ...[Buffer.from(`${number + 2} 1 8:${number} / /`), escaped(name), Buffer.from(' rw shared:1 - xfs ')],
          ...[escaped(source), Buffer.from(' rw\n')],
        ]),
      );
      const parsed = parseMountinfo(Buffer.concat(table).toString());
      expect(parsed.map(({ mountPoint, source }) => [mountPoint, source])).toEqual(
        mounts.map(([name, source]) => [`/${Buffer.from(name)}`, String(Buffer.from(source))]),
      );
    }),
  );
});
const ESCAPED = new Set(Buffer.from(' \t\n\\#'));

test('any text is either understood or refused by name, never a crash', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789 -/:\\\nxfsrw,=') }), (text) => {
      try {
        for (const { majorMinor, mountPoint } of parseMountinfo(text)) {
          expect(majorMinor).toMatch(/^\d+:\d+$/);
          expect(mountPoint.startsWith('/')).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(RunError);
      }
    }),
    { numRuns: 2_000 },
  );
});

const mount = (id: number, parent: number, mountPoint: string, more: Partial<Mount> = {}): Mount => ({
  id,
  parent,
  majorMinor: `8:${id}`,
  root: '/',
  mountPoint,
  fsType: 'xfs',
  source: `/dev/sd${id}`,
  superOptions: 'rw',
  ...more,
});

test('a file lies on the deepest mount above it, and folders are compared whole', () => {
  const mounts = [mount(1, 0, '/'), mount(2, 1, '/data'), mount(3, 2, '/data/mysql')];
  expect(mountOf('/data/mysql/shop', mounts)?.id).toBe(3);
  expect(mountOf('/data/mysqlx', mounts)?.id).toBe(2);
  expect(mountOf('/database', mounts)?.id).toBe(1);
  expect(mountOf('/data', mounts)?.id).toBe(2);
});

test('of two mounts at one place the later one counts', () => {
  for (const parent of [1, 2]) {
    const mounts = [mount(1, 0, '/'), mount(2, 1, '/data'), mount(3, parent, '/data')];
    expect(mountOf('/data/mysql', mounts)?.id).toBe(3);
  }
});

test('a mount below a folder that was mounted over is hidden, although its path is longer', () => {
  const mounts = [mount(1, 0, '/'), mount(2, 1, '/data'), mount(3, 2, '/data/mysql'), mount(4, 2, '/data')];
  expect(mountOf('/data/mysql/shop', mounts)?.id).toBe(4);
  expect(visibleMounts(mounts).map(({ id }) => id)).toEqual([1, 4]);
});

test('without a mount at the root a path outside every mount has none', () => {
  expect(mountOf('/var/lib', [mount(2, 1, '/data')])).toBeUndefined();
  expect(mountOf('/data/x', [mount(2, 1, '/data')])?.id).toBe(2);
});

test('whatever was mounted where, a path lies on the mount that was last put upon it or above it', () => {
  const place = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }).map((names) => `/${names.join('/')}`);
  // The table need not be in the order of mounting: newer kernels sort it by another number than the id they print.
  fc.assert(
    fc.property(fc.array(place, { maxLength: 8 }), place, fc.func(fc.integer()), (places, path, order) => {
      const done: Mount[] = [];
      const upon = (folder: string) =>
        done.findLast(({ mountPoint }) => `${folder}/`.startsWith(`${mountPoint}/`.replace('//', '/')));
      for (const mountPoint of ['/', ...places])
        done.push(mount(done.length + 2, upon(mountPoint)?.id ?? 1, mountPoint));
      const table = done.toSorted((one, other) => order(one.id) - order(other.id));
      expect(mountOf(path, table)).toBe(upon(path));
      expect(new Set(visibleMounts(table))).toEqual(new Set(done.filter((each) => upon(each.mountPoint) === each)));
    }),
  );
});

/** The walk as it was before tables were prepared for it: at every step the whole table is looked through. */
function mountOfByScanning(path: string, mounts: readonly Mount[]): Mount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  const crossed = new Set<Mount>();
  const names = path.split('/').filter((name) => name !== '');
  let current: Mount | undefined;
  const isUpon = ({ id, parent }: Mount) =>
    current === undefined ? parent === id || !ids.has(parent) : parent === current.id;
  for (const folder of ['/', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)]) {
    const upon = () => mounts.findLast((each) => each.mountPoint === folder && !crossed.has(each) && isUpon(each));
    for (let next = upon(); next !== undefined; next = upon()) {
      crossed.add(next);
      current = next;
    }
  }
  return current;
}

describe('any table of mounts, possible or not', () => {
  const id = fc.integer({ min: 1, max: 7 });
  const place = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'a b'), { maxLength: 3 })
    .map((names) => `/${names.join('/')}`);
  const row = fc.tuple(id, id, fc.oneof(place, fc.constantFrom('/a/', '//a', '/é', '/a-', '/a0')));
  const table = fc
    .array(row, { maxLength: 12 })
    .map((rows) => rows.map(([own, parent, mountPoint]) => mount(own, parent, mountPoint)));

  test('shows the same mounts, and leads every path to the same one, as a walk that scans it', () => {
    fc.assert(
      fc.property(table, fc.array(place), (mounts, paths) => {
        for (const path of paths) expect(mountOf(path, mounts)).toBe(mountOfByScanning(path, mounts));
        expect(visibleMounts(mounts)).toEqual(
          mounts.filter((each) => mountOfByScanning(each.mountPoint, mounts) === each),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test('has the same mounts within a folder, in their order', () => {
    fc.assert(
      fc.property(table, place, (mounts, folder) => {
        expect(mountsWithin(mounts)(folder)).toEqual(mounts.filter(({ mountPoint }) => isWithin(mountPoint, folder)));
      }),
      { numRuns: 2_000 },
    );
  });
});

test('an option of the superblock is found by its whole name', () => {
  const { superOptions } = { superOptions: 'rw,xlogdev=/dev/a,logdev=/dev/mapper/my\\040log,noquota' };
  expect(superOption(mount(1, 0, '/', { superOptions }), 'logdev')).toBe('/dev/mapper/my log');
  expect(superOption(mount(1, 0, '/', { superOptions }), 'rtdev')).toBeUndefined();
});

test('mounts that lead round in a circle come to an end', () => {
  const id = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id, fc.constantFrom('/', '/data', '/data/mysql'))), (circle) => {
      const mounts = circle.map(([own, parent, mountPoint]) => mount(own, parent, mountPoint));
      const found = mountOf('/data/mysql/shop', mounts);
      expect(found === undefined || mounts.includes(found)).toBe(true);
    }),
  );
});

test('what the kernel escapes is exactly what is unescaped', () => {
  const line = '31 27 8:3 / /a\\040b\\011c\\012d\\134e\\043f rw - xfs /dev/sdf rw';
  expect(parseMountinfo(line)[0]?.mountPoint).toBe('/a b\tc\nd\\e#f');
});
