/**
 * Steps of the `tensorflow` back end, and photos described by it, in a process that listens to a signal, and then what the CPU makes of the same. Prints
 * `ready` when the first is computed, then one JSON object.
 */
import { random } from '../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../src/main/engine/network/embedded.ts';
import { IMAGE } from '../../src/main/engine/network/head.ts';
import { openOne } from '../../src/main/engine/network/open-runner.ts';
import { openExecutor } from '../../src/main/engine/training/backends.ts';

const STEPS = 12;
/** Times that the photos are described in a step. */
const TIMES = 6;
const [HEIGHT, WIDTH] = [96, 128];
let heard = 0;
process.on('SIGWINCH', () => (heard += 1));
const r = random(1);
const inputs = Array.from({ length: 4 }, () => ({
  dims: [1, 3, HEIGHT, WIDTH] as const,
  data: Float32Array.from({ length: 3 * HEIGHT * WIDTH }, () => 2 * r.next() - 1),
}));
const batch = {
  dims: [inputs.length, 3, HEIGHT, WIDTH],
  data: Float32Array.from(inputs.flatMap((i) => [...i.data])),
};
const { graph } = embeddedNetwork('photos');
const found = [];
for (const backend of ['tensorflow', 'cpu'] as const) {
  const executor = await openExecutor(graph, backend);
  const descent = await executor.optimiser({ optimiser: 'adam', dampening: 0 });
  const { runner } = await openOne(graph, backend, {});
  const losses: number[] = [];
  const described: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    losses.push((await executor.accumulate(inputs, { kind: 'contrastive', margin: 1.2, weight: 1 })).loss);
    await descent.step({ learningRate: 1e-7, weightDecay: 0 });
    for (let time = 0; time < TIMES; time += 1) {
      const out = await runner.run({ [IMAGE]: batch });
      described.push(out[graph.outputs[0]!.name]![0]!);
    }
    if (backend === 'tensorflow' && step === 0) process.stdout.write('ready\n');
  }
  await executor.gather();
  const weights = Math.sqrt(executor.parameters.reduce((sum, p) => p.data.reduce((all, v) => all + v * v, sum), 0));
  await runner.release();
  await executor.release();
  found.push({ losses, described, weights });
}
process.stdout.write(JSON.stringify({ heard, found }));
process.exit(0);
