/** Extraction and a training step of ResNet50 and MobileNetV1 at 362 pixels against PyTorch on the same graph, weights and images. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { full, type StepTimes } from './step.ts';
import { line, ms } from './report.ts';
import { torch, type TorchTimes } from './torch.ts';

const HERE = import.meta.dirname;
const STEPS = 3;
const ROUNDS = 3;
/** Seven photos of 4:3 with a long side of 362. */
const DIMS = [7, 3, 272, 362] as const;
const MARGIN = 1.2;

export async function training(): Promise<void> {
  for (const name of ['ResNet50', 'MobileNetV1'] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'covis-step-'));
    try {
      await compare(name, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Both sides in turn, several times: the machine's own speed changes while this runs. */
async function compare(name: 'ResNet50' | 'MobileNetV1', folder: string): Promise<void> {
  const r = random(5);
  const images = Float32Array.from({ length: DIMS.reduce<number>((a, b) => a * b, 1) }, () => 2 * r.next() - 1);
  writeNpy(join(folder, 'images.npy'), images, [...DIMS]);
  const graph = full(name);
  const threads = availableParallelism();
  const counts = [...new Set([1, threads / 2, threads])].filter(Number.isInteger);
  const ours: StepTimes[] = [];
  const theirs: TorchTimes[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(covis(name, folder));
    // Which number of threads serves it best is found once.
    const tried = (round === 0 ? counts : [theirs[0]!.threads]).map((n) =>
      torch(graph, folder, { threads: n, margin: MARGIN, steps: STEPS }),
    );
    const failed = tried.find((x) => typeof x === 'string');
    if (failed !== undefined)
      return line(`training step, ${name}, 7 images, 362 px`, ms(ours[0]!.step), failed as string, null);
    const done = tried as TorchTimes[];
    const fastest = done.reduce((a, b) => (a.step <= b.step ? a : b));
    theirs.push({ ...fastest, extract: Math.min(...done.map((t) => t.extract)) });
  }
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
  const report = (what: string, key: 'extract' | 'step', show: (s: number) => string): void => {
    const ratios = ours.map((o, i) => theirs[i]![key] / o[key]);
    line(
      `${what}, ${name}, 362 px`,
      show(middle(ours.map((o) => o[key]))),
      `PyTorch ${theirs[0]!.torch} ${show(middle(theirs.map((t) => t[key])))}`,
      middle(ratios),
    );
    console.log(`  rounds: ${ratios.map((x) => x.toFixed(2)).join(', ')}`);
  };
  report('extraction', 'extract', (s) => `${(1 / s).toFixed(1)} images/s`);
  report('training step of 7 images', 'step', ms);
  const mib = (bytes: readonly number[]): string => `${Math.round(Math.max(...bytes) / 2 ** 20)} MiB`;
  console.log(
    `  losses ${ours[0]!.loss.toFixed(5)} and ${theirs[0]!.loss.toFixed(5)}; at most ${mib(ours.map((o) => o.peak))} of memory and ${mib(theirs.map((t) => t.peak))}`,
  );
}

/** In a process of its own, so that peaks of memory are its own. */
function covis(name: string, folder: string): StepTimes {
  const args = [join(HERE, 'step.ts'), name, folder, String(STEPS), String(MARGIN)];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as StepTimes;
}
