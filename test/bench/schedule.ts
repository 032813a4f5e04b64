/**
 * `npm run bench -- schedule`: how a plan of many shards runs on a cluster, simulated from measured times. Nodes fail, tasks are pre-empted and
 * done again, the scheduler starts so many tasks a second, and a stage begins when the one before it is collected. Prints the tables
 * of docs/scale.md; what it takes as given stands in MEASURED and CLUSTER.
 */
import { random } from '../../src/main/engine/library/random.ts';

const YEAR_S = 365.25 * 86_400;

/** Core seconds and bytes a photo, of RESULTS.md: two cores, photos of 0.8 to 12 megapixels. */
export const MEASURED = {
  /** Decoding 12 megapixels and describing at 480 pixels. */
  describe: { coreSeconds: 0.037, bytes: 2 * 256 },
  /** Local features: 98 s for 343 photos on two cores. */
  features: { coreSeconds: (2 * 98) / 343, bytes: 2000 * 40 },
  /** 5,388 pairs matched and verified in 86 s on two cores; so many candidates a photo. */
  match: { coreSeconds: ((2 * 86) / 5388) * 16, bytes: 16 * 400 },
  /** COLMAP: 18 min for the 222 photos that came into a model; a share of all photos lies in scenes. */
  reconstruct: { coreSeconds: ((2 * 18 * 60) / 222) * 0.5, bytes: 6000 },
  /** A graph of 1,000,000 x 256 in 411 s on two cores; 661 MB. */
  index: { coreSeconds: (2 * 411) / 1e6, bytes: 661 + 512 },
} as const;
type Stage = keyof typeof MEASURED;
const PHOTOS_A_SHARD: Readonly<Record<Stage, number>> = {
  describe: 10_000,
  features: 5000,
  match: 5000,
  reconstruct: 2000,
  index: 1_000_000,
};

export const CLUSTER = {
  coresANode: 32,
  /** Cores that one task takes. */
  coresATask: 4,
  /** Seconds that a task takes to start, read its plan and open the network. */
  startSeconds: 3,
  /** Tasks that the scheduler starts a second. */
  startsASecond: 20,
  /** Hours between two failures of a node, and seconds until it is back. */
  nodeHours: 2000,
  nodeBackSeconds: 1800,
  /** Share of tasks that are pre-empted, at a moment drawn evenly; they wait so long and begin anew. */
  preempted: 0.02,
  requeueSeconds: 120,
  /** Largest task over the mean: scenes are unequal. */
  spread: { describe: 1.3, features: 1.5, match: 2, reconstruct: 12, index: 1.1 } as Readonly<Record<Stage, number>>,
  /** Bytes a second at which results are read and checked when a stage is collected, on one machine. */
  collectBytes: 500e6,
} as const;

/** What a stage came to. */
export interface StageRun {
  readonly stage: Stage;
  readonly tasks: number;
  readonly hours: number;
  readonly collectHours: number;
  /** Core hours that were asked for, and what was lost to failures and pre-emption. */
  readonly coreHours: number;
  readonly lostCoreHours: number;
  readonly again: number;
  /** Share of the cluster's cores that worked while the stage ran. */
  readonly busy: number;
}

/** Times at which slots are free, least first. */
class Slots {
  readonly #times: number[];
  constructor(count: number) {
    this.#times = new Array<number>(count).fill(0);
  }
  /** Takes the slot that is free first. */
  take(): number {
    const t = this.#times;
    const first = t[0]!;
    const last = t.pop()!;
    if (t.length > 0) this.#sift(last);
    return first;
  }
  put(time: number): void {
    const t = this.#times;
    let at = t.push(time) - 1;
    for (let up = (at - 1) >> 1; at > 0 && t[up]! > time; at = up, up = (at - 1) >> 1) t[at] = t[up]!;
    t[at] = time;
  }
  #sift(time: number): void {
    const t = this.#times;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= t.length) break;
      if (child + 1 < t.length && t[child + 1]! < t[child]!) child += 1;
      if (t[child]! >= time) break;
      t[at] = t[child]!;
      at = child;
    }
    t[at] = time;
  }
}

/** One stage over all photos: tasks are taken, largest first, by whichever slot is free. Deterministic in `seed`. */
export function simulate(stage: Stage, photos: number, nodes: number, seed = 1): StageRun {
  const r = random(seed);
  const { coreSeconds, bytes } = MEASURED[stage];
  const tasks = Math.ceil(photos / PHOTOS_A_SHARD[stage]);
  const slots = new Slots(nodes * Math.floor(CLUSTER.coresANode / CLUSTER.coresATask));
  const mean = (coreSeconds * photos) / tasks / CLUSTER.coresATask;
  const spread = CLUSTER.spread[stage];
  // Many small ones and few large ones, up to `spread` times the mean.
  const draws = Float64Array.from({ length: tasks }, () => r.next() ** (spread - 1 + 1e-9));
  const scale = (mean * tasks) / draws.reduce((a, b) => a + b, 0);
  const work = draws.map((d) => d * scale).sort((a, b) => b - a);
  let next = 0;
  let end = 0;
  let lost = 0;
  let again = 0;
  const waiting: { readonly seconds: number; readonly from: number }[] = [];
  const failsASecond = 1 / (CLUSTER.nodeHours * 3600);
  const begin = (seconds: number, from: number): void => {
    next += 1 / CLUSTER.startsASecond;
    const at = Math.max(slots.take(), next, from);
    const whole = CLUSTER.startSeconds + seconds;
    const failed = r.next() < 1 - Math.exp(-failsASecond * whole);
    const stopped = failed || r.next() < CLUSTER.preempted;
    const ran = stopped ? whole * r.next() : whole;
    slots.put(at + ran + (failed ? CLUSTER.nodeBackSeconds : 0));
    end = Math.max(end, at + ran);
    if (!stopped) return;
    lost += ran * CLUSTER.coresATask;
    again += 1;
    waiting.push({ seconds, from: at + ran + CLUSTER.requeueSeconds });
  };
  for (const seconds of work) begin(seconds, 0);
  for (let w = waiting.shift(); w !== undefined; w = waiting.shift()) begin(w.seconds, w.from);
  const used = coreSeconds * photos + tasks * CLUSTER.startSeconds * CLUSTER.coresATask;
  return {
    stage,
    tasks,
    hours: end / 3600,
    collectHours: (bytes * photos) / CLUSTER.collectBytes / 3600,
    coreHours: used / 3600,
    lostCoreHours: lost / 3600,
    again,
    busy: used / (end * nodes * CLUSTER.coresANode),
  };
}

/** Prints the tables of docs/scale.md. */
export function schedule(): void {
  const stages = Object.keys(MEASURED) as Stage[];
  console.log('| photos | core years | of it COLMAP | disk beside the photos, TB | 8 cores | 32 nodes x 32 cores |');
  console.log('|---|---|---|---|---|---|');
  for (const photos of [1e7, 1e8, 1e9]) {
    const seconds = stages.reduce((a, s) => a + MEASURED[s].coreSeconds * photos, 0);
    const colmap = MEASURED.reconstruct.coreSeconds * photos;
    const disk = stages.reduce((a, s) => a + MEASURED[s].bytes * photos, 0) / 1e12;
    const years = (s: number): string => (s / YEAR_S).toFixed(s / YEAR_S < 10 ? 1 : 0);
    const days = (s: number): string => `${(s / 86_400).toFixed(0)} days`;
    console.log(
      `| ${photos / 1e6} million | ${years(seconds)} | ${years(colmap)} | ${disk.toFixed(1)} | ${days(seconds / 8)} | ${days(seconds / 1024)} |`,
    );
  }
  for (const nodes of [32, 128]) {
    console.log(`\n100 million photos on ${nodes} nodes of ${CLUSTER.coresANode} cores\n`);
    console.log('| stage | tasks | hours | collecting, h | core hours | lost | done again | busy |');
    console.log('|---|---|---|---|---|---|---|---|');
    let hours = 0;
    for (const s of stages) {
      const run = simulate(s, 1e8, nodes);
      hours += run.hours + run.collectHours;
      console.log(
        `| ${s} | ${run.tasks} | ${run.hours.toFixed(1)} | ${run.collectHours.toFixed(1)} | ${run.coreHours.toFixed(0)} | ${run.lostCoreHours.toFixed(0)} | ${run.again} | ${(100 * run.busy).toFixed(0)} % |`,
      );
    }
    console.log(`| all, one after another | | ${hours.toFixed(0)} (${(hours / 24).toFixed(1)} days) | | | | | |`);
  }
}
