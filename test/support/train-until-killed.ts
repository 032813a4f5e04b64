/** Trains in a process of its own that another one kills. Says how far it is, a line a tuple. */
import { Library } from '../../src/main/engine/library/library.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { networkById } from '../../src/main/engine/network/networks.ts';
import type { TrainingParameters } from '../../src/shared/domain.ts';
import { train } from '../../src/main/engine/training/train.ts';

const [path, network, parameters] = process.argv.slice(2) as [string, string, string];
const library = Library.open(path);
await train(
  library,
  networkById(library, Number(network)),
  JSON.parse(parameters) as TrainingParameters,
  {
    ...silentContext(),
    step: (name) => process.stdout.write(`step ${name}\n`),
    progress: (done) => process.stdout.write(`done ${done}\n`),
  },
  { checkpointEvery: 0 },
);
