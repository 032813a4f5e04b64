/**
 * `npm run fuzz -- [--hours N | --mutations N] [--reader NAME] [--seed S] [--seeds FOLDER] [--out FOLDER]`: lets every reader of files
 * read mutated ones and says which fail. `--input FOLDER --reader NAME` reads one input again. Everything follows from the seed.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allTargets } from './targets/index.ts';
import { fuzz, type FoundFault, type FuzzReport } from './watch.ts';

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    mutations: { type: 'string', default: '2000' },
    reader: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    out: { type: 'string', default: join('test-output', 'fuzz') },
    input: { type: 'string' },
  },
});
const number = (text: string, what: string): number => {
  const n = Number(text);
  if (text.trim() === '' || !Number.isFinite(n) || n < 0) throw new Error(`--${what} takes a number, not ${text}`);
  return n;
};
const seed = number(values.seed, 'seed');
const targets = await allTargets();
const chosen = targets.filter(
  (t) => values.reader === undefined || t.name === values.reader || t.name.startsWith(`${values.reader}/`),
);
if (chosen.length === 0)
  throw new Error(`There is no reader ${values.reader}; there are ${targets.map((t) => t.name).join(', ')}`);
const until = values.hours === undefined ? undefined : Date.now() + 3_600_000 * number(values.hours, 'hours');
/** Mutations of a round: long runs go through all readers again and again. */
const ROUND = 1000;
const perRound = until === undefined ? number(values.mutations, 'mutations') : ROUND;

const sums = new Map<
  string,
  { -readonly [K in 'mutations' | 'seconds' | 'read' | 'refused' | 'slowest' | 'slowestAt' | 'peak']: number } & {
    faults: FoundFault[];
  }
>();
const add = (r: FuzzReport): void => {
  const s = sums.get(r.target) ?? {
    mutations: 0,
    seconds: 0,
    read: 0,
    refused: 0,
    slowest: 0,
    slowestAt: 0,
    peak: 0,
    faults: [],
  };
  for (const key of ['mutations', 'seconds', 'read', 'refused'] as const) s[key] += r[key];
  if (r.slowest > s.slowest) Object.assign(s, { slowest: r.slowest, slowestAt: r.slowestAt });
  s.peak = Math.max(s.peak, r.peak);
  s.faults.push(...r.faults);
  sums.set(r.target, s);
};
const told = (r: FuzzReport): void => {
  console.log(
    `${r.target.padEnd(28)} ${String(r.mutations).padStart(7)} in ${r.seconds.toFixed(1).padStart(6)} s: ${r.read} read, ${r.refused} refused; slowest ${Math.round(r.slowest)} ms (mutation ${r.slowestAt}), ${Math.round(r.peak / 1e6)} MB`,
  );
  for (const f of r.faults)
    console.log(
      `  ${f.kind}, ${f.times} times: ${f.message.slice(0, 300)}${f.where === undefined ? '' : `\n    ${f.where}`}${f.kept === undefined ? '' : `\n    ${f.kept}`}`,
    );
};

for (let round = 0; round === 0 || (until !== undefined && Date.now() < until); round += 1) {
  for (const { name, share = 1 } of chosen) {
    if (until !== undefined && Date.now() > until) break;
    const count = values.input === undefined ? Math.ceil(perRound * share) : 1;
    const report = await fuzz(name, {
      seed,
      from: round * count,
      to: (round + 1) * count,
      seeds: values.seeds,
      input: values.input,
      out: values.out,
    });
    add(report);
    told(report);
  }
}
if (until !== undefined) {
  console.log('');
  for (const [target, s] of sums) told({ target, ...s, faults: [] });
}
const faults = [...sums.values()].reduce((n, s) => n + s.faults.length, 0);
console.log(
  `${[...sums.values()].reduce((n, s) => n + s.mutations, 0)} mutations, ${faults} ${faults === 1 ? 'fault' : 'faults'}`,
);
process.exitCode = faults === 0 ? 0 : 1;
