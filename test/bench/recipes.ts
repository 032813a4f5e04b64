/**
 * What a recipe of training is worth: each is learned on the known part of every fold (each with a seed of its own) and asked with the photos that
 * were held out, trained alone and whitened afterwards; photos of another library, of which nothing was learned, ask as new places.
 * `node test/bench/recipes.ts LIBRARY --out FOLDER [--other LIBRARY2] [--network tiny] [--size 160] [--folds 3] [--only NAME,...] [--list]`,
 * of libraries in which places were found. What is done is kept in the folder, recipe by recipe; `--table` prints it against the first one.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { foldParameters, tryCandidates } from '../../src/main/engine/adapt/candidates.ts';
import { planOf } from '../../src/main/engine/adapt/plan.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, drawFold, type Answer, type Geometry } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { loadNetwork, resolveNetwork, storeComputed } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract } from '../../src/main/engine/retrieval/extract.ts';
import { runWithParameters } from '../../src/main/engine/training/runs.ts';
import { warmStart } from '../../src/main/engine/training/whiten.ts';
import { RECIPES } from './recipe-list.ts';
import { trialOf } from './recipe-trial.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: '.' },
    other: { type: 'string' },
    network: { type: 'string', default: 'tiny' },
    size: { type: 'string', default: '160' },
    folds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '0' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});

/** What is kept of a recipe: who asked in which fold, of which place, with which average precision. */
interface Kept {
  readonly seconds: number;
  readonly answers: Readonly<Record<string, readonly (readonly { query: number; place: number; ap: number }[])[]>>;
  /** Own collection of the other library: the start, and the network of the first fold. */
  readonly other: { readonly before: number; readonly after: number } | null;
}

const size = Number(values.size);
const seed = Number(values.seed);
const folds = Number(values.folds);
const names = values.only?.split(',') ?? Object.keys(RECIPES);
const fileOf = (name: string): string => join(values.out, `${name}.json`);
const text = (mean: number, low: number | null, high: number | null): string =>
  `${mean.toFixed(3)} [${low?.toFixed(3) ?? ''}, ${high?.toFixed(3) ?? ''}]`;

/** Differences of two recipes on the same questions. */
function against(a: Kept, b: Kept, way: string): string {
  const values = (b.answers[way] ?? []).flatMap((list, fold) => {
    const then = new Map((a.answers[way]?.[fold] ?? []).map((q) => [q.query, q.ap]));
    return list.flatMap((q) => (then.has(q.query) ? [{ value: q.ap - then.get(q.query)!, place: q.place, fold }] : []));
  });
  if (values.length === 0) return '';
  const { mean, low, high } = overPlaces(values);
  return text(mean, low, high);
}

function meanSaid(k: Kept, way: string): string {
  const values = (k.answers[way] ?? []).flatMap((list, fold) =>
    list.map((q) => ({ value: q.ap, place: q.place, fold })),
  );
  if (values.length === 0) return '';
  return overPlaces(values).mean.toFixed(3);
}

function table(): void {
  const done = names.filter((n) => existsSync(fileOf(n)));
  const kept = new Map(done.map((n) => [n, JSON.parse(readFileSync(fileOf(n), 'utf8')) as Kept]));
  const [first] = kept.values();
  if (first === undefined) return;
  console.log('| recipe | trained | against the first | then whitened | against the first | new places | minutes |');
  console.log('|---|---|---|---|---|---|---|');
  console.log(`| as it was | ${meanSaid(first, 'start')} | | ${meanSaid(first, 'whitened')} | | | |`);
  for (const [name, k] of kept) {
    const other = k.other === null ? '' : (k.other.after - k.other.before).toFixed(3);
    console.log(
      `| ${name} | ${meanSaid(k, 'trained')} | ${k === first ? '' : against(first, k, 'trained')} | ${meanSaid(k, 'trained-whitened')} | ${k === first ? '' : against(first, k, 'trained-whitened')} | ${other} | ${(k.seconds / 60).toFixed(1)} |`,
    );
  }
}

async function otherPlaces(from: Library, network: Parameters<typeof loadNetwork>[1], path: string): Promise<number> {
  const other = Library.open(path);
  try {
    const { graph, spec } = loadNetwork(from, network);
    const row = storeComputed(other, graph, { ...spec, experiment: true }, null);
    const g = libraryGeometry(other);
    const { asking } = drawFold(g, { protocol: 'own', parts: 1, seed: 0 }, 0);
    const answers = ask(g, asking, described(g, await extract(other, row, size, silentContext())));
    return answers.reduce((s, a) => s + a.ap, 0) / answers.length;
  } finally {
    other.close();
  }
}

async function tryRecipe(library: Library, g: Geometry, name: string): Promise<void> {
  const began = performance.now();
  const start = await resolveNetwork(library, values.network, 'embedded');
  const trial = trialOf(library, g, start, name, { size, folds, seed });
  const { warm = false } = trial;
  const task = silentContext();
  const amounts = { photos: g.ids.length, folds, known: 0.5, epochs: 1, tuples: 1, trains: true };
  const tried = await tryCandidates(library, g, trial, planOf(task, amounts), (what) => what);
  const small = (list: readonly Answer[]): Kept['answers'][string][number] =>
    list.map(({ query, ap }) => ({ query, place: g.group[query]!, ap }));
  const answers = Object.fromEntries(
    [...tried].map(([way, t]) => [way, 'answers' in t ? t.answers.map(small) : []] as const),
  );
  let other: Kept['other'] = null;
  if (values.other !== undefined) {
    const of = `adapt · new-photos, fold 1 of ${folds}`;
    const made = foldParameters(trial, g, 0, of);
    const from = warm ? await warmStart(library, start, made, task) : start;
    const network = runWithParameters(library, from.id, made);
    if (network !== undefined)
      other = {
        before: await otherPlaces(library, start, values.other),
        after: await otherPlaces(library, network, values.other),
      };
  }
  const kept: Kept = { seconds: (performance.now() - began) / 1000, answers, other };
  writeFileSync(fileOf(name), JSON.stringify(kept));
}

mkdirSync(values.out, { recursive: true });
if (values.list) console.log(Object.keys(RECIPES).join('\n'));
else if (values.table) table();
else {
  const [path] = positionals;
  if (path === undefined) throw new Error('Name a library: node test/bench/recipes.ts LIBRARY --out FOLDER');
  const library = Library.open(path);
  const g = libraryGeometry(library);
  console.log(`${basename(path)}: ${g.ids.length} photos, ${values.network} at ${size} px, ${folds} folds`);
  for (const name of names) {
    if (existsSync(fileOf(name))) continue;
    try {
      await tryRecipe(library, g, name);
      console.log(`${name} is done`);
    } catch (error) {
      console.log(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  library.close();
  table();
}
