/** Readers with faults that were planted, so that a test sees each kind found. Their inputs say which mutation they are by themselves. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../src/shared/errors.ts';
import { seed, type FuzzTarget } from '../target.ts';

/** Everything is kept, so that it counts. */
const kept: Buffer[] = [];

const FAULTS: Readonly<Record<string, (input: string, room: string) => string | undefined>> = {
  sound: () => undefined,
  refusing(input) {
    throw new CovisError('INPUT_CORRUPT', 'This is damaged', { file: join(input, 'a.txt') });
  },
  crash: () => process.abort(),
  hang() {
    for (;;);
  },
  memory() {
    kept.push(Buffer.alloc(1_100_000_000, 1));
    return undefined;
  },
  raw() {
    throw new TypeError('x is not a function');
  },
  internal(input) {
    throw new CovisError('INTERNAL', 'It was not foreseen', { file: join(input, 'a.txt') });
  },
  nameless() {
    throw new CovisError('INPUT_CORRUPT', 'This is damaged');
  },
  unclear(input) {
    throw new CovisError('INPUT_CORRUPT', 'It has undefined rows', { file: join(input, 'a.txt') });
  },
  wrong: () => 'x[0] is NaN',
  later() {
    setImmediate(() => {
      throw new Error('nobody waits');
    });
    return undefined;
  },
  beside(input) {
    writeFileSync(join(input, '..', '..', 'b.txt'), '');
    return undefined;
  },
  overwriting(input) {
    writeFileSync(join(input, 'a.txt'), 'other');
    return undefined;
  },
  unseen(input) {
    // As native code writes, which nobody can listen to.
    spawnSync(process.execPath, ['-e', `fs.writeFileSync(${JSON.stringify(join(input, 'a.txt'))}, '')`]);
    return undefined;
  },
};

export const PLANTED_TARGETS: readonly FuzzTarget[] = Object.entries(FAULTS).map(([name, read]) => ({
  name: `planted/${name}`,
  seeds: () => [seed('text', { 'a.txt': 'a b c\n'.repeat(20) })],
  async read({ input, room }) {
    const wrong = read(input, room);
    await new Promise((done) => setImmediate(done));
    return wrong;
  },
}));
