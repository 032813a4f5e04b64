/** What each kind of work that can be cut into shards takes, and what its units are: commands, forms and lists are made of it. */
import { z } from 'zod';
import { defined } from '../defined.ts';
import { CovisError } from '../errors.ts';
import { ranking } from '../methods/index.ts';
import { adaptProtocol } from '../facts/adapt.ts';
import { PRESET_NAMES } from '../facts/training.ts';
import { PLANNED_WORKS, type PlannedWork } from '../facts/planned.ts';
import { check, unwrap } from '../schema.ts';
import { indexBuildJob } from './index-vectors.ts';
import { ladderJob } from './ladder.ts';
import { clusterJob } from './cluster.ts';
import { domainsJob } from './domains.ts';
import { edgesJob } from './edges.ts';
import { extractJob } from './extract.ts';
import { rankJob } from './rank.ts';
import { teacherJob } from './teacher.ts';
import { trainJob } from './train.ts';
import { decisionFields, memory, trainingFields, warmStart } from './training-fields.ts';

const { network, size, precision, domain, collection } = extractJob.params.shape;
const edges = edgesJob.params.shape;
const cluster = clusterJob.params.shape;
const rank = rankJob.params.shape;
const index = indexBuildJob.params.shape;
const domains = domainsJob.params.shape;
const teacher = teacherJob.params.shape;
const ranked = {
  database: rank.database,
  queries: rank.queries.optional().meta({ otherwise: 'those of the database' }),
  ranks: rank.out,
  withScores: rank.withScores,
  top: rank.top,
  force: rank.force,
};
const { k, kq, gamma, alpha, iterations, tolerance, truncation, shortlist } = ranking.shape;
const { poolings, protocol: askedBy } = ladderJob.params.shape.ladder.unwrap().shape;
const { pooling, freeze, pools } = trainJob.params.shape;

const seeds = z.int().min(1).max(100).optional().meta({
  label: 'Seeds',
  help: 'how many seeds, from the first one on: each draws places and tuples anew',
  otherwise: '3',
});
const presets = z.array(z.enum(PRESET_NAMES)).min(1).max(PRESET_NAMES.length).optional().meta({
  label: 'Recipes',
  help: 'recipes that are compared, with commas',
  otherwise: 'all that photos are trained by',
  value: 'list',
});
const { preset: _one, ...withoutPreset } = trainingFields;
const training = { pooling, freeze, collection, pools, protocol: decisionFields.protocol, warmStart, memory };

/** A kind of work as people meet it. */
interface Planned {
  /** What a menu calls it. */
  readonly title: string;
  /** A sentence or two below the title of its form. */
  readonly text: string;
  /** One of what is counted, what becomes of it, and what is said of those of which nothing came. */
  readonly unit: string;
  readonly done: string;
  readonly failed: string;
  /** The stage whose units are counted, where others do something else with the same ones; left out, those of all stages are. */
  readonly counted?: string;
  /** What is said of what came of it; left out, `new in the library`. */
  readonly added?: string;
  /** True where one unit is one shard, and nobody says how many. */
  readonly each: boolean;
  readonly fields: z.ZodRawShape;
}

export const PLANNED = {
  extract: {
    title: 'Describe the photos',
    text: 'Photos that have no descriptor yet are described in parts.',
    unit: 'photo',
    done: 'described',
    failed: 'could not be described',
    each: false,
    fields: { network, size, precision, domain, collection },
  },
  ladder: {
    title: 'Component contributions',
    text: 'What positives, negatives and whitening bring, over several draws of the places: each rung of each draw is trained by itself.',
    unit: 'rung',
    done: 'measured',
    failed: 'could not be measured',
    each: true,
    fields: { ...trainingFields, poolings: poolings.unwrap().optional(), seeds, protocol: askedBy, memory },
  },
  seeds: {
    title: 'Training with several seeds',
    text: 'The same training, each time with other places held out and other tuples: how much of a gain is chance.',
    unit: 'run',
    done: 'trained',
    failed: 'could not be trained',
    each: true,
    fields: { ...trainingFields, ...training, seeds },
  },
  presets: {
    title: 'Training by several recipes',
    text: 'The same network on the same places, by each recipe once.',
    unit: 'run',
    done: 'trained',
    failed: 'could not be trained',
    each: true,
    fields: { ...withoutPreset, ...training, presets },
  },
  edges: {
    title: 'Edge maps of a folder',
    text: 'Every photo of a folder gets its edge map, a grey PNG of the same name. Nothing of the library changes.',
    unit: 'photo',
    done: 'made into edge maps',
    failed: 'could not be read',
    added: 'written',
    each: false,
    fields: {
      photos: edges.photos,
      into: edges.out,
      detector: edges.detector,
      classical: edges.classical,
      pixels: edges.pixels,
      size: edges.size,
      force: edges.force,
    },
  },
  matches: {
    title: 'Match photos of a folder',
    text: 'Local features by photos, visual words once, pairs by blocks: most of the time of finding places. Finding places in the same folder then takes up what is there.',
    unit: 'photo',
    done: 'matched',
    failed: 'could not be read',
    counted: 'words',
    added: 'pairs new in the library',
    each: false,
    fields: {
      photos: cluster.photos,
      neighbours: cluster.neighbours,
      words: cluster.words,
      seed: cluster.seed,
      collection: cluster.collection,
    },
  },
  neighbours: {
    title: 'Nearest neighbours of descriptors',
    text: 'The rows of one file are ranked for each row of another, or of the same one, by cosine: some rows a shard. Nothing of the library changes.',
    unit: 'row',
    done: 'ranked',
    failed: 'could not be ranked',
    counted: 'rank',
    added: 'written',
    each: false,
    fields: ranked,
  },
  diffusion: {
    title: 'Diffusion on descriptors',
    text: 'The rows of one file are ranked for each row of another by diffusion on the graph of neighbours: neighbours, what diffusion computes beforehand, and ranking, each by some rows. Nothing of the library changes.',
    unit: 'row',
    done: 'ranked',
    failed: 'could not be ranked',
    counted: 'rank',
    added: 'written',
    each: false,
    fields: {
      ...ranked,
      method: z
        .enum(['offline', 'truncated'])
        .default('offline')
        .meta({ label: 'Method', help: 'diffusion from every row beforehand, or among the nearest of a query alone' }),
      ...{ k, kq, gamma, alpha, iterations, tolerance, truncation, shortlist },
    },
  },
  index: {
    title: 'Index descriptors beyond memory',
    text: 'Descriptors that do not fit into memory are indexed in a folder: each shard of the index is built by itself, by one thread. Nothing of the library changes.',
    unit: 'row',
    done: 'indexed',
    failed: 'could not be indexed',
    added: 'written',
    // Its shards are those of the index, of as many rows as are asked for.
    each: true,
    fields: { descriptors: index.descriptors, into: index.out, shardRows: index.shardRows, force: index.force },
  },
  domains: {
    title: 'Shapes across domains',
    text: 'Images are described in parts; then each set of descriptors learns its classifiers with each seed by itself. The report is kept in Measure, Shapes.',
    unit: 'image',
    done: 'described',
    failed: 'could not be read',
    counted: 'describe',
    added: 'report new in the library',
    each: false,
    fields: {
      folder: domains.folder,
      drawn: domains.drawn,
      network: domains.network,
      fineTuned: domains.fineTuned,
      edges: domains.edges,
      seeds: domains.seeds,
    },
  },
  teacher: {
    title: 'Teacher against student',
    text: 'Local features by photos; then words, descriptors and all six rankings one after another, in one shard, which goes on from what an earlier task has left.',
    unit: 'method',
    done: 'measured',
    failed: 'could not be measured',
    counted: 'compare',
    added: 'measurements new in the library',
    each: false,
    fields: {
      network: teacher.network,
      set: teacher.set,
      size: teacher.size,
      seed: teacher.seed,
      words: teacher.words,
      collection: teacher.collection,
      protocol: teacher.protocol,
    },
  },
  cluster: {
    title: 'Find places in a folder of photos',
    text: 'Local features by photos, visual words once, pairs by blocks, and models by scenes, as many shards each. Photos stay where they are.',
    unit: 'photo',
    done: 'matched',
    failed: 'could not be read',
    counted: 'words',
    added: 'clusters new in the library',
    each: false,
    fields: cluster,
  },
} as const satisfies { readonly [W in PlannedWork]: Planned };

/** What is said of a plan's units, also of kinds that this Covis does not know. */
export function wordsOf(work: string): Pick<Planned, 'unit' | 'done' | 'failed' | 'counted' | 'added'> {
  const known: Readonly<Record<string, Planned>> = PLANNED;
  return known[work] ?? { unit: 'unit', done: 'done', failed: 'could not be done' };
}

/** What a kind of work is asked with. */
export type Asked<W extends PlannedWork> = z.output<z.ZodObject<(typeof PLANNED)[W]['fields']>>;

/** What several kinds call alike and each bounds by itself: all that any of them takes. */
const WIDEST: z.ZodRawShape = {
  size: z.int().min(16).max(16_384),
  seeds: z.int().min(1).max(1000),
  protocol: z.enum([...adaptProtocol.options, ...teacher.protocol.unwrap().options]),
};

/** `edges: where the maps go`: what a value is, with the kinds that take it, and what holds there where it is left out. */
function helpOfAll(name: string): string {
  const taking = PLANNED_WORKS.filter((w) => Object.hasOwn(PLANNED[w].fields, name));
  const meanings = Map.groupBy(taking, (w) => {
    const { meta, initial } = unwrap((PLANNED[w].fields as z.ZodRawShape)[name] as z.ZodType);
    const otherwise = meta.otherwise ?? (initial === undefined ? undefined : String(initial));
    return `${meta.help ?? meta.label ?? name}${otherwise === undefined || initial === true ? '' : ` (${otherwise})`}`;
  });
  return Array.from(meanings, ([text, kinds]) => `${kinds.join(', ')}: ${text}`).join('; ');
}

/** A field as all kinds together have it: it may be left out. Only a switch that is on keeps that, so that it can be turned off. */
function ofAny(name: string, field: z.ZodType): z.ZodType {
  const { inner, meta, initial } = unwrap(field);
  if (inner instanceof z.ZodObject) return field;
  // What holds where it is left out stands in the help, by kind.
  const said = { ...meta, help: helpOfAll(name), otherwise: undefined } as unknown as z.GlobalMeta;
  if (initial === true) return field.meta(said);
  return ((WIDEST[name] ?? inner) as z.ZodType).meta(said).optional();
}

type Fields<T> = T extends unknown ? keyof T : never;
type AnyField = Fields<(typeof PLANNED)[PlannedWork]['fields']>;

/** Everything that any kind of work takes; what a kind requires is asked for by {@link askedOf}. */
export const plannedFields = Object.fromEntries(
  Array.from(
    // As the first kind that takes it has it.
    new Map(PLANNED_WORKS.toReversed().flatMap((w) => Object.entries(PLANNED[w].fields as z.ZodRawShape))),
    ([name, field]) => [name, ofAny(name, field as z.ZodType)],
  ),
) as { readonly [N in AnyField]: z.ZodOptional<z.ZodType> };

/** Kinds that take a value. */
export function takenBy(name: string): PlannedWork[] {
  return PLANNED_WORKS.filter((w) => Object.hasOwn(PLANNED[w].fields, name));
}

/** True for what was said: a switch that is on says nothing while it is on. */
const isSaid = (name: string, value: unknown): boolean =>
  value !== undefined && !(value === true && unwrap(plannedFields[name as AnyField]).initial === true);

/**
 * What was asked of the work itself, without how it is cut and by whom it is done.
 * @param nameOf what the asking face calls a value.
 * @throws CovisError `INPUT_INVALID` for a value that this kind of work does not take, needs, or takes otherwise.
 */
export function askedOf<W extends PlannedWork>(
  work: W,
  given: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string = (name) => name,
): Asked<W> {
  const fields: z.ZodRawShape = PLANNED[work].fields;
  for (const name of Object.keys(plannedFields))
    if (isSaid(name, given[name]) && !Object.hasOwn(fields, name))
      throw new CovisError('INPUT_INVALID', `${nameOf(name)} does not go with ${work}`, {
        hint: `It goes with ${takenBy(name).join(', ')}.`,
      });
  if (PLANNED[work].each && given['shards'] !== undefined)
    throw new CovisError(
      'INPUT_INVALID',
      `${nameOf('shards')} does not go with ${work}: ${work === 'index' ? 'one shard of the index' : `one ${PLANNED[work].unit}`} is one shard`,
    );
  const own = defined(Object.fromEntries(Object.keys(fields).map((name) => [name, given[name]])));
  return defined(check(z.strictObject(fields), own, (path) => nameOf(path.join('.')))) as Asked<W>;
}
