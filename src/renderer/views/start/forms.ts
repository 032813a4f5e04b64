import { z } from 'zod';
import { METHODS } from '../../../shared/domain.ts';
import { JOBS, placeless, type JobKind } from '../../../shared/jobs/index.ts';
import type { PlannedWork } from '../../../shared/facts/planned.ts';
import { PLANNED, plannedFields } from '../../../shared/jobs/planned-works.ts';
import { submitJob } from '../../../shared/jobs/submit.ts';
import { canBeChosen, forPages, unwrap } from '../../../shared/schema.ts';
import { parameterFields } from '../search/method-parameters.ts';

/** How a job is asked for in a dialog: everything else is its schema's. */
export interface JobForm {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly button: string;
  /** Keys in sight; all others are folded away as options. Left out: what the schema folds away. */
  readonly plain?: readonly string[];
  /** Keys that are not asked for here. */
  readonly without?: readonly string[];
  /** It works with the network that is in use. */
  readonly network?: boolean;
}

/** Jobs that are asked for in the same dialog. A new one is a line here and an action that opens it. */
export const FORMS = {
  cluster: {
    title: 'Find places in a folder of photos',
    text: 'Photos of one place are found by what they show, joined and, where COLMAP is installed, made a 3D model. Photos stay where they are.',
    button: 'Find places',
    plain: ['photos'],
  },
  extract: {
    title: 'Describe the photos',
    text: 'Every photo that has no descriptor yet is described, so that photos can be compared, searched and mined.',
    button: 'Describe',
    network: true,
  },
  regions: {
    title: 'Describe regions',
    text: 'Some twenty overlapping parts of every photo are described besides the whole: search then finds what is small in a photo, and says where.',
    button: 'Describe',
    network: true,
  },
  vectors: {
    title: 'Import descriptors',
    text: 'Descriptors that another program made of these photos become a set of the library: it can be searched, mapped, mined and measured like those of a network.',
    button: 'Import',
    plain: ['file', 'name'],
    without: ['names'],
  },
  whiten: {
    title: 'Learn a whitening',
    text: 'Directions that tell places apart are learned from the training places. The network that ends in them is a new one of the library.',
    button: 'Learn',
    network: true,
    plain: ['whiten'],
  },
  sketches: {
    title: 'Measure search by drawing',
    text: 'Drawings ask for photos, and it is counted how often the right ones come first. The report is kept in Measure, Shapes.',
    button: 'Measure',
    plain: ['photos', 'layout', 'sketches', 'truth'],
  },
  domains: {
    title: 'Shapes across domains',
    text: 'Classifiers learned on some domains are tested on others: photos, cartoons, sketches. The report is kept in Measure, Shapes.',
    button: 'Measure',
    plain: ['folder'],
  },
  run: {
    title: 'The whole loop in one go',
    text: 'Imports models, describes the photos, mines pairs, trains a network, and measures it before and after.',
    button: 'Start',
    plain: ['sources', 'preset', 'epochs'],
  },
  convert: {
    title: 'Convert models',
    text: 'Models of one program become the files of another: COLMAP, VisualSFM or Bundler. Nothing of the library changes.',
    button: 'Convert',
    plain: ['source', 'to', 'out'],
  },
  edges: {
    title: 'Edge maps of a folder',
    text: 'Every photo of the folder gets its edge map, a grey PNG of the same name. Nothing of the library changes.',
    button: 'Find edges',
    plain: ['photos', 'out'],
  },
  rank: {
    title: 'Rank descriptors of files',
    text: 'The rows of one file are ranked for each row of another, by any method. Nothing of the library changes.',
    button: 'Rank',
    plain: ['database', 'queries', 'out', 'method'],
  },
  evaluate: {
    title: 'Measure the network',
    text: 'Photos ask, and geometry says which of the others show the same: mAP of the network in use, without annotation. The figure is kept in Train, beside those of other networks.',
    button: 'Measure',
    network: true,
    plain: ['protocol', 'seed', 'collection'],
  },
  'evaluate-ranks': {
    title: 'Measure a ranking of a file',
    text: 'A ranking of this or another program is measured against a ground truth, or two of them query by query. Nothing of the library changes.',
    button: 'Measure',
    plain: ['ranks', 'gnd', 'gndFolder', 'protocol', 'against'],
  },
  'evaluate-classes': {
    title: 'Measure on a folder of classes',
    text: 'Each photo asks for others of its class: Recall@K and NMI of the network in use, as for CUB. The photos need not be in the library.',
    button: 'Measure',
    network: true,
    plain: ['classes'],
  },
  'extract-folder': {
    title: 'Describe a folder',
    text: 'The photos of any folder become rows of a matrix, by the network in use. Nothing of the library changes.',
    button: 'Describe',
    network: true,
    plain: ['photos', 'out'],
  },
  'mine-descriptors': {
    title: 'Mine descriptors of a file',
    text: 'Pools of positives and negatives are mined on the manifold of descriptors, without geometry and without photos. Nothing of the library changes.',
    button: 'Mine',
    plain: ['descriptors', 'out'],
  },
  'network-export': {
    title: 'Export a network',
    text: 'One ONNX file for other programs: a normalised image goes in, a descriptor of unit length comes out. A network that was whitened ends in its whitening.',
    button: 'Export',
    plain: ['network', 'out', 'scales'],
  },
  project: {
    title: 'Append a linear layer',
    text: 'A network gets a layer to fewer dimensions, which is trained with the rest. The network that ends in it is a new one of the library.',
    button: 'Append',
    plain: ['network', 'project', 'seed'],
  },
  adapt: {
    title: 'Adapt to these photos',
    text: 'A better search is learned from the photos that are there, and measured on photos that it has not seen; search takes it only where it is better beyond chance. What is left empty follows from the photos.',
    button: 'Adapt',
    plain: ['protocol'],
    without: ['undo'],
  },
  teacher: {
    title: 'Teacher against student',
    text: 'Bags of visual words with geometry rank the same queries as the network that learned from them. The report is kept in Measure.',
    button: 'Compare',
    network: true,
    plain: ['protocol', 'collection'],
  },
  ladder: {
    title: 'What does each component bring?',
    text: 'The same network is trained several times, each time with one thing better. The report is kept in Measure, Components.',
    button: 'Measure',
    plain: ['ladder', 'preset', 'epochs', 'queriesPerEpoch', 'network'],
  },
  'index-build': {
    title: 'Index descriptors',
    text: 'Descriptors that do not fit into memory are indexed in a folder, and searched where they lie. Nothing of the library changes.',
    button: 'Index',
    plain: ['descriptors', 'out'],
  },
  'index-search': {
    title: 'Search an index',
    text: 'The rows of an index are ranked for each query of a file. Nothing of the library changes.',
    button: 'Search',
    plain: ['index', 'queries', 'out', 'top'],
  },
} as const satisfies Partial<Record<JobKind, JobForm>>;

export type FormKind = keyof typeof FORMS;

/**
 * What is filled in of a job, with ids of what was chosen for paths.
 * @param download it does not say where to. @param method of a job that ranks: what that one reads.
 */
export function formSchema(kind: JobKind, download = false, method: unknown = undefined): z.ZodObject {
  const { params } = JOBS[kind];
  const schema = download ? placeless(params) : forPages(params, true);
  if (!('ranking' in schema.shape)) return schema;
  const { ranking: all, ...rest } = schema.shape as z.ZodRawShape;
  const read = parameterFields([METHODS.find((m) => m === method) ?? METHODS[0]]);
  if (read === null) return z.strictObject(rest);
  const group = read.meta(unwrap(all as z.ZodType).meta);
  return z.strictObject({ ...rest, ranking: group.optional() });
}

/** What is filled in of a plan: what its kind of work takes as that kind bounds it, who does it and how it is cut. */
export function planSchema(work: PlannedWork): z.ZodObject {
  const { shape } = submitJob.params;
  const others = Object.entries(shape as z.ZodRawShape).filter(([name]) => !Object.hasOwn(plannedFields, name));
  const { work: which, executor, ...rest } = Object.fromEntries(others) as z.ZodRawShape;
  return forPages(z.strictObject({ work: which!, executor: executor!, ...PLANNED[work].fields, ...rest }), true);
}

/** True for a kind of work that takes what a person chose. */
export function planTakesChosen(work: PlannedWork): boolean {
  return canBeChosen(z.strictObject(PLANNED[work].fields));
}
