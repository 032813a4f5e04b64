/** A process that does commands when it is told to, and says how they ended: for tests of programs that work on one library. */
import { appendFileSync } from 'node:fs';
import { commands } from '../../src/main/cli/commands/index.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { toErrorShape } from '../../src/shared/errors.ts';

const COMMANDS = await commands();

export interface Told {
  /** A command, or `open` and `create` of a library; `hold` has its lock for some time. */
  readonly name: string;
  readonly words?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

async function doIt({ name, words = {}, options = {} }: Told): Promise<void> {
  const path = String(words['library']);
  if (name === 'open') Library.open(path).close();
  else if (name === 'create') Library.create(path).close();
  else if (name === 'hold') {
    const library = Library.open(path);
    library.db.exec('BEGIN IMMEDIATE');
    appendFileSync(String(words['said']), 'held\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(words['ms']));
    library.db.exec('COMMIT');
    library.close();
  } else await COMMANDS.find((c) => c.name === name)!.run(words, options);
}

process.stdout.write = () => true;
process.stderr.write = () => true;
process.on('message', (told: Told) => {
  doIt(told).then(
    () => process.send?.({ done: true }),
    (error: unknown) => process.send?.({ done: false, error: toErrorShape(error) }),
  );
});
process.send?.({ ready: true });
