/** Trains in a process that may take hardly any more memory from its first tuple on; prints the error of that. Linux, with `prlimit`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Library } from '../../src/main/engine/library/library.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { networkById } from '../../src/main/engine/network/networks.ts';
import type { TrainingParameters } from '../../src/shared/domain.ts';
import { toErrorShape } from '../../src/shared/errors.ts';
import { train } from '../../src/main/engine/training/train.ts';

const [path, network, parameters, more] = process.argv.slice(2) as [string, string, string, string];
/** Its data may grow by so many MiB. */
function limit(mib: number): void {
  const [, kib] = /VmData:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))!;
  const data = Number(kib) * 1024 + mib * 2 ** 20;
  const { status } = spawnSync('prlimit', ['--pid', String(process.pid), `--data=${data}:unlimited`]);
  if (status !== 0) throw new Error('prlimit cannot be run');
}
const library = Library.open(path);
try {
  await train(library, networkById(library, Number(network)), JSON.parse(parameters) as TrainingParameters, {
    ...silentContext(),
    step: (name) => {
      if (name.startsWith('Training')) limit(Number(more));
    },
  });
} catch (error) {
  process.stdout.write(JSON.stringify(toErrorShape(error)));
}
library.close();
