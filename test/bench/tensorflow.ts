/**
 * `npm run bench -- tensorflow`: a training step of TensorFlow on the processor against one of the `cpu` back end, both in turn in one process,
 * so that other work on the machine meets both. `--networks default,MobileNetV1,ResNet50-conv4 --sizes 224,320,362 --rounds 9` choose;
 * `--operators` lists where TensorFlow's time goes. `taskset -c 0` before it gives one core to both.
 */
import { spawnSync } from 'node:child_process';
import { random } from '../../src/main/engine/library/random.ts';
import { PREPARED_AFTER } from '../../src/main/engine/network/tf/prepared-after.ts';
import { loadTensorFlow } from '../../src/main/engine/network/tf/tf-runtime.ts';
import { openExecutor } from '../../src/main/engine/training/backends.ts';
import type { Descent } from '../../src/main/engine/training/descent.ts';
import type { Executor } from '../../src/main/engine/training/executor.ts';
import { MARGIN, networkOf } from './gpu-one.ts';

const PHOTOS = 7;
const LISTED = 14;
/** Steps that make kernels and functions ready. */
const PREPARING = PREPARED_AFTER + 1;

export function tensorflow(): void {
  const said = (flag: string, otherwise: string): string => {
    const at = process.argv.indexOf(flag);
    return at < 0 ? otherwise : process.argv[at + 1]!;
  };
  console.log(
    `A step is a tuple of ${PHOTOS} photos, contrastive loss, Adam; times are medians of rounds in turn, ratios TensorFlow's over those of cpu.\n`,
  );
  for (const name of said('--networks', 'default,MobileNetV1,ResNet50-conv4').split(','))
    for (const size of said('--sizes', '224,320,362').split(',')) {
      const operators = process.argv.includes('--operators') ? ['operators'] : [];
      const args = [import.meta.filename, name, size, said('--rounds', '9'), ...operators];
      const child = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
      const why = child.stderr.split('\n').find((l) => l.includes('Error'));
      console.log(child.status === 0 ? child.stdout.trimEnd() : `${name}, ${size}: ${why ?? 'does not answer'}`);
    }
}

/** Milliseconds and calls by operator, while `counting`. */
interface Counted {
  counting: boolean;
  readonly operators: Map<string, { ms: number; calls: number }>;
}

type Call = (...args: unknown[]) => unknown;

/** Puts a clock before every call of TensorFlow's binding. */
function counted(backend: { binding: Readonly<Record<string, unknown>> }): Counted {
  const real = backend.binding;
  const state: Counted = { counting: false, operators: new Map() };
  const timed = (name: string, call: Call): Call => {
    return (...args) => {
      const began = performance.now();
      const result = call(...args);
      if (state.counting) {
        const key = name === 'executeOp' ? String(args[0]) : name;
        const of = state.operators.get(key) ?? { ms: 0, calls: 0 };
        state.operators.set(key, { ms: of.ms + performance.now() - began, calls: of.calls + 1 });
      }
      return result;
    };
  };
  backend.binding = Object.fromEntries(
    Object.getOwnPropertyNames(real).map((name) => {
      const value = real[name];
      return [name, typeof value === 'function' ? timed(name, (value as Call).bind(real)) : value];
    }),
  );
  return state;
}

interface Side {
  readonly backend: 'cpu' | 'tensorflow';
  readonly executor: Executor;
  readonly descent: Descent;
  /** Milliseconds of each round, and of all processors in it. */
  readonly wall: number[];
  readonly processor: number[];
  loss: number;
}

async function main(name: string, side: number, rounds: number, list: boolean): Promise<void> {
  const graph = networkOf(name);
  const { tf } = await loadTensorFlow('tensorflow');
  const operators = list ? counted(tf.backend() as unknown as Parameters<typeof counted>[0]) : undefined;
  const r = random(5);
  const dims = [1, 3, Math.round(0.75 * side), side] as const;
  const inputs = Array.from({ length: PHOTOS }, () => ({
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * r.next() - 1),
  }));
  const sides: Side[] = [];
  for (const backend of ['cpu', 'tensorflow'] as const) {
    const executor = await openExecutor(graph, backend);
    const descent = await executor.optimiser({ optimiser: 'adam', dampening: 0 });
    sides.push({ backend, executor, descent, wall: [], processor: [], loss: 0 });
  }
  const [cpu, other] = sides as [Side, Side];
  for (let k = 1 - PREPARING; k <= rounds; k += 1)
    for (const s of sides) {
      if (operators !== undefined) operators.counting = k > 0 && s === other;
      const [began, used] = [performance.now(), process.cpuUsage()];
      s.executor.gradients.clear();
      s.loss = (await s.executor.accumulate(inputs, { kind: 'contrastive', margin: MARGIN, weight: 1 })).loss;
      await s.descent.step({ learningRate: 1e-9, weightDecay: 0 });
      if (k <= 0) continue;
      s.wall.push(performance.now() - began);
      const { user, system } = process.cpuUsage(used);
      s.processor.push((user + system) / 1000);
    }
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const ratio = (get: (s: Side) => number): string => (get(other) / get(cpu)).toFixed(2);
  const each = middle(other.wall.map((t, i) => t / cpu.wall[i]!)).toFixed(2);
  const times = sides.map((s) => `${s.backend} ${middle(s.wall).toFixed(0)} ms`).join(', ');
  const ratios = `${ratio((s) => middle(s.wall))}, of rounds ${each}, of fastest ${ratio((s) => Math.min(...s.wall))}`;
  console.log(
    `${name}, ${side} px: ${times}; ratio ${ratios}, of the processor's time ${ratio((s) => middle(s.processor))}`,
  );
  if (Math.abs(cpu.loss - other.loss) > 1e-4 * cpu.loss)
    console.log(`  not the same: losses ${cpu.loss}, ${other.loss}`);
  const most = [...(operators?.operators ?? [])].sort((a, b) => b[1].ms - a[1].ms).slice(0, LISTED);
  for (const [key, { ms, calls }] of most)
    console.log(`  ${(ms / rounds).toFixed(1).padStart(7)} ms ${String(calls / rounds).padStart(5)} ${key}`);
}

if (process.argv[1] === import.meta.filename) {
  const [name, side, rounds, list] = process.argv.slice(2) as [string, string, string, string | undefined];
  await main(name, Number(side), Number(rounds), list !== undefined);
  // TensorFlow's threads hold the process.
  process.exit(0);
}
