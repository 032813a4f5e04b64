/** Trains on whatever card its environment has. Says how far it is, a line each; in the end, as JSON, what computed or the error. */
import { Library } from '../../../src/main/engine/library/library.ts';
import { networkById } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';

const [path, network, parameters] = process.argv.slice(2) as [string, string, string];
const library = Library.open(path);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let end: unknown;
try {
  const { device } = await train(
    library,
    networkById(library, Number(network)),
    JSON.parse(parameters) as TrainingParameters,
    {
      ...silentContext(),
      step: (name) => say(`step ${name}`),
      progress: (done) => say(`done ${done}`),
      warn: (text) => say(`warning ${text.replaceAll('\n', ' ')}`),
    },
    { checkpointEvery: 0 },
  );
  end = { device };
} catch (error) {
  end = { error: toErrorShape(error) };
}
library.close();
say(JSON.stringify(end));
