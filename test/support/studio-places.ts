/** Where the studio does what each option of each command does, or why it makes no sense there. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FORMS, formSchema, planSchema, type FormKind, type JobForm } from '../../src/renderer/views/start/forms.ts';
import { fieldsOf, type FormField } from '../../src/renderer/kit/schema-fields.ts';
import { PLANNED_WORKS } from '../../src/shared/facts/plans.ts';
import { METHODS, SEARCH_METHODS } from '../../src/shared/methods/index.ts';
import { ROUTES, type RouteName } from '../../src/shared/routes/index.ts';
import { leavesOf, unwrap, type Leaf } from '../../src/shared/schema.ts';
import { z } from 'zod';

const RENDERER = join(import.meta.dirname, '..', '..', 'src', 'renderer');
const sources = new Map<string, string>(
  readdirSync(RENDERER, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(vue|ts)$/.test(name))
    .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(RENDERER, name), 'utf8')]),
);

/** Whether a place is there. @returns what is wrong with it, or nothing. */
export type Place = (leaf: Leaf) => string | undefined;

/** In the form of a job, in sight or folded away. @param path where it stands there, if not where the command has it. */
export function form(kind: FormKind, path?: string): Place {
  return ({ path: own }) => {
    const wanted = path ?? own.join('.');
    return shownIn(kind).has(wanted) ? undefined : `the form of ${kind} shows no ${wanted}`;
  };
}

/** Paths of all fields that a form has in sight or folded away. */
function pathsOf(fields: readonly FormField[], hidden: ReadonlySet<string> = new Set()): string[] {
  return fields
    .filter((f) => !hidden.has(f.path.join('.')) && f.kind !== 'other')
    .flatMap((f) => (f.kind === 'group' ? pathsOf(f.fields, hidden) : [f.path.join('.')]));
}

const shown = new Map<FormKind, ReadonlySet<string>>();
function shownIn(kind: FormKind): ReadonlySet<string> {
  const known = shown.get(kind);
  if (known !== undefined) return known;
  const form: JobForm = FORMS[kind];
  // The network in use is that of the header.
  const given = form.network === true ? ['network'] : [];
  const hidden = new Set(form.without ?? []);
  const walk = (fields: readonly FormField[]): string[] => pathsOf(fields, hidden);
  const methods = kind === 'rank' ? METHODS : [undefined];
  const all = new Set([...methods.flatMap((m) => walk(fieldsOf(formSchema(kind, false, m)))), ...given]);
  shown.set(kind, all);
  return all;
}

/** In a file of the page, which has this text for it. */
export function view(file: string, text: string): Place {
  return () => {
    const source = sources.get(file);
    if (source === undefined) return `there is no ${file}`;
    return source.includes(text) ? undefined : `${file} has no ${text}`;
  };
}

/** By a route that pages call, and these of its parameters. */
export function ask(route: RouteName, ...params: readonly string[]): Place {
  return () => {
    const { who, params: schema } = ROUTES[route];
    if (who !== 'page') return `${route} is not for pages`;
    if (!callsRoute(route)) return `no page asks ${route}`;
    const { inner } = unwrap(schema);
    const has = new Set(inner instanceof z.ZodObject ? leavesOf(inner).map((l) => l.path.join('.')) : []);
    const missing = params.filter((p) => ![...has].some((path) => path === p || path.startsWith(`${p}.`)));
    return missing.length === 0 ? undefined : `${route} takes no ${missing.join(', ')}`;
  };
}

/** Whether a file of the page names a route. */
export function callsRoute(route: string): boolean {
  return [...sources.values()].some((text) => text.includes(`'${route}'`));
}

/** Whether something on the page opens the form of a job. */
export function opensForm(kind: string): boolean {
  const opened = new RegExp(String.raw`\b(open|bring)\(\s*'${kind}'`);
  return [...sources.values()].some((text) => opened.test(text));
}

/** In all of these. */
export function both(...places: readonly Place[]): Place {
  return (leaf) => places.map((p) => p(leaf)).find((why) => why !== undefined);
}

/** Nowhere, and why. */
export function nowhere(why: string): Place {
  return () => (/^[A-Z].{15,}[^.]$/.test(why) ? undefined : `“${why}” is no reason`);
}

/** All methods' parameters, by their options. */
export const PARAMETER_FLAGS = [
  ...['--neighbours', '--alpha', '--shortlist', '--k', '--kq', '--gamma', '--iterations'],
  ...['--tolerance', '--rank', '--trunc'],
] as const;
export const SEARCHED = SEARCH_METHODS;

/** The studio works on the library that is open. */
const opened = ask('start.open', 'folder');
/** What is written is new: a number is added where the name is taken. */
const neverOver = nowhere('Studio writes something new, with a number where the name is taken');
const terminal = nowhere('Output of a terminal; the studio shows the same');
const threads = nowhere('Threads are of the process: set where the engine is started');
const chosenNetwork = view('app/AppHeader.vue', 'chosenNetwork');
const setting = ask('settings.set', 'backend');
const machine = nowhere('Command of scripts on machines of a cluster, which have no studio');

/** What all commands have. */
export const COMMON: Readonly<Record<string, Place>> = {
  '--json': terminal,
  '--threads': threads,
  '--verbose': view('views/tools/LogDialog.vue', 'log.last'),
};

type Places = Readonly<Record<string, Place>>;

const flags = (names: readonly string[], place: Place): Places => Object.fromEntries(names.map((n) => [n, place]));
const mined = [
  ...['--positives', '--negatives', '--count', '--min-shared', '--min-overlap', '--max-scale', '--camera-pool'],
  ...['--pool', '--query-fraction', '--queries-per-cluster'],
];
const ranked = flags(PARAMETER_FLAGS, view('views/search/MethodParameters.vue', 'parameterFields'));
const recipe = (key: string): Place => view('views/train/use-recipe.ts', `${key}: true`);
const collected = { '<library>': opened, '<name>': ask('collections.list') };
/** Which photos: those that are chosen, of any view. */
const chosen = ask('collections.add', 'photos', 'list', 'ranges');
const weights = ['--resolution', '--sharpness', '--clipping', '--blockiness'];
let inShards: ReadonlySet<string> | undefined;
/** In the form for work in shards, of one kind of work at least. */
const shards: Place = (leaf) => {
  inShards ??= new Set(PLANNED_WORKS.flatMap((work) => pathsOf(fieldsOf(planSchema(work)))));
  const wanted = leaf.path.join('.');
  const dialog = view('views/jobs/PlanDialog.vue', 'planSchema(work.value)')(leaf);
  return dialog ?? (inShards.has(wanted) ? undefined : `the form for work in shards shows no ${wanted}`);
};
const slurm = [
  ...['--executor', '--at-once', '--partition', '--account', '--time', '--mem', '--cpus', '--gres', '--array-limit'],
];

/** By command: the form of its job, or another place, in which its options are by their own paths, and where everything else is. */
export const PLACES: Readonly<
  Record<string, { readonly form?: FormKind; readonly otherwise?: Place; readonly options?: Places }>
> = {
  init: { options: { '<library>': ask('start.create', 'within', 'name') } },
  import: {
    options: {
      '<library>': opened,
      '<sources>': ask('start.import', 'folders'),
      '--images': ask('start.import', 'images'),
      '--dry-run': ask('start.import', 'dryRun'),
      '--keep-both': ask('start.import', 'keepBoth'),
      '--skip-damaged': ask('start.import', 'skipDamaged'),
    },
  },
  cluster: { form: 'cluster', options: { '--library': opened, '--matches-only': form('cluster', 'reconstruct') } },
  adapt: {
    form: 'adapt',
    options: {
      '<library>': opened,
      '--photos': form('cluster', 'photos'),
      '--undo': view('actions/adapt.ts', 'undo: true'),
      '--matches-only': form('adapt', 'reconstruct'),
    },
  },
  clusters: { options: { '<library>': ask('clusters.list') } },
  extract: {
    form: 'extract',
    options: {
      '<library>': opened,
      '--photos': form('extract-folder', 'photos'),
      '--out': form('extract-folder', 'out'),
      '--pooling': view('views/train/NetworksDialog.vue', 'backbone-pooling'),
      '--force': neverOver,
    },
  },
  mine: {
    options: {
      '<library>': opened,
      '--strategy': view('views/tuples/MineDialog.vue', "'geometry' | 'manifold'"),
      '--network': chosenNetwork,
      '--size': view('views/tuples/MineDialog.vue', 'size'),
      '--backend': view('views/tuples/MineDialog.vue', 'backend'),
      '--seed': view('views/tuples/MineDialog.vue', 'seed: seed.optional()'),
      ...flags([...mined, '--queries'], view('views/tuples/MineDialog.vue', 'mining.extend(common)')),
      ...flags(
        [
          ...['--k', '--gamma', '--alpha', '--iterations', '--tolerance', '--positives-k', '--negatives-k', '--kept'],
          ...['--anchors', '--max-anchors', '--importance'],
        ],
        view('views/tuples/MineDialog.vue', 'manifold.extend(common)'),
      ),
      '--set': view('views/tuples/MineDialog.vue', 'set: set.value'),
      '--collection': view('views/tuples/MineDialog.vue', 'collection: collection.optional()'),
      '--descriptors': form('mine-descriptors', 'descriptors'),
      '--out': form('mine-descriptors', 'out'),
      '--force': neverOver,
    },
  },
  decide: {
    options: {
      '<library>': opened,
      ...flags(
        ['--query', '--other', '--verdict', '--aspect', '--with', '--note'],
        ask('review.decide', 'label', 'judgements'),
      ),
      '--from': ask('review.decide', 'judgements'),
      '--undo': ask('review.undo'),
      '--redo': ask('review.redo'),
      '--log': ask('review.history'),
    },
  },
  backends: {},
  'backends add': {
    options: {
      '<backend>': view('views/tools/BackEnds.vue', "kind: 'backend', add: b.backend"),
      '--gpu': view('views/tools/BackEnds.vue', 'gpu: true'),
    },
  },
  'backends remove': { options: { '<backend>': view('views/tools/BackEnds.vue', 'remove: true') } },
  networks: { options: { '--library': opened, '--default': ask('networks.default', 'network') } },
  'networks add': {
    options: {
      '<network>': view('views/train/NetworksDialog.vue', 'backbone: { id: e.id'),
      '--mirror': nowhere('Addresses are never of a page: COVIS_MIRROR says it to the engine'),
      '--from': view('views/train/NetworksDialog.vue', 'from: chosen.id'),
      '--pixels': view('views/train/BackboneWishes.vue', 'backbone-pixels'),
      '--cut': view('views/train/BackboneWishes.vue', 'backbone-node'),
      '--output': view('views/train/BackboneWishes.vue', 'backbone-output'),
      '--tokens': view('views/train/BackboneWishes.vue', 'TOKEN_PARTS'),
      '--fit': view('views/train/BackboneWishes.vue', 'backbone-fit'),
      '--name': view('views/train/BackboneWishes.vue', 'backbone-name'),
    },
  },
  'networks export': {
    form: 'network-export',
    options: {
      '--force': neverOver,
      '--library': opened,
      // A backbone is brought into the library first, as it is to be.
      '--pooling': view('views/train/NetworksDialog.vue', 'backbone-pooling'),
      '--cut': view('views/train/BackboneWishes.vue', 'backbone-node'),
      '--output': view('views/train/BackboneWishes.vue', 'backbone-output'),
      '--fit': view('views/train/BackboneWishes.vue', 'backbone-fit'),
      '--tokens': view('views/train/BackboneWishes.vue', 'TOKEN_PARTS'),
    },
  },
  network: {
    form: 'project',
    options: {
      '<library>': opened,
      '<file>': view('views/train/NetworksDialog.vue', 'file: chosen.id'),
      '--pixels': view('views/train/BackboneWishes.vue', 'backbone-pixels'),
      '--cut': view('views/train/BackboneWishes.vue', 'backbone-node'),
      '--output': view('views/train/BackboneWishes.vue', 'backbone-output'),
      '--tokens': view('views/train/BackboneWishes.vue', 'TOKEN_PARTS'),
      '--fit': view('views/train/BackboneWishes.vue', 'backbone-fit'),
      '--name': view('views/train/BackboneWishes.vue', 'backbone-name'),
      '--pooling': view('views/train/NetworksDialog.vue', 'backbone-pooling'),
    },
  },
  whiten: { form: 'whiten', options: { '<library>': opened } },
  train: {
    options: {
      '<library>': opened,
      '--network': view('views/train/TrainForm.vue', 'train-network'),
      '--preset': view('views/train/TrainForm.vue', 'train-preset'),
      '--backend': view('views/train/TrainForm.vue', 'train-backend'),
      '--domain': view('views/train/TrainForm.vue', 'train-domain'),
      '--pooling': view('views/train/TrainForm.vue', 'train-pooling'),
      '--size': recipe('size'),
      '--seed': recipe('seed'),
      '--epochs': recipe('epochs'),
      '--tuples': recipe('queriesPerEpoch'),
      '--minings': recipe('minings'),
      '--batch': recipe('batch'),
      '--learning-rate': recipe('learningRate'),
      '--weight-decay': recipe('weightDecay'),
      '--margin': recipe('margin'),
      '--loss': recipe('loss'),
      '--optimiser': recipe('optimiser'),
      ...flags(mined, view('views/train/use-recipe.ts', 'mining: z.strictObject(minedBy)')),
      ...flags(['--augment-crop', '--augment-colour', '--augment-blur', '--augment-rotation'], recipe('augment')),
      '--towards-start': recipe('towardsStart'),
      '--interpolate': recipe('interpolate'),
      '--memory': recipe('memory'),
      '--protocol': recipe('protocol'),
      '--folds': recipe('folds'),
      '--out': view('views/train/use-recipe.ts', 'name: all.name'),
      '--detector': view('views/train/use-recipe.ts', 'detector: forPages('),
      '--freeze': recipe('freeze'),
      '--warm-start': recipe('warmStart'),
      '--collection': recipe('collection'),
      '--pools': view('views/train/use-recipe.ts', 'pools: pool.value'),
      '--resume': view('views/train/TrainView.vue', 'resume: run.value.id'),
    },
  },
  run: { form: 'run', options: { '--library': opened } },
  ladder: {
    form: 'ladder',
    options: {
      '<library>': opened,
      '--table': view('views/measure/LadderPanel.vue', 'ladderTable('),
      '--force': neverOver,
    },
  },
  rank: {
    form: 'rank',
    options: {
      '--scores': form('rank', 'withScores'),
      '--force': neverOver,
      '--neighbours': form('rank', 'ranking.expansion'),
      '--alpha': form('rank', 'ranking.alpha'),
      '--trunc': form('rank', 'ranking.truncation'),
      ...Object.fromEntries(
        ['shortlist', 'k', 'kq', 'gamma', 'iterations', 'tolerance', 'rank'].map((n) => [
          `--${n}`,
          form('rank', `ranking.${n}`),
        ]),
      ),
    },
  },
  index: {},
  'index build': { form: 'index-build', options: { '--force': neverOver } },
  'index search': {
    form: 'index-search',
    options: { '--scores': form('index-search', 'withScores'), '--force': neverOver },
  },
  evaluate: {
    form: 'evaluate',
    options: {
      '<library>': opened,
      '--ranks': form('evaluate-ranks', 'ranks'),
      '--against': form('evaluate-ranks', 'against'),
      '--classes': form('evaluate-classes', 'classes'),
      // A file or a folder; of rankings of files in the form, of a library in its dialog.
      '--gnd': both(form('evaluate-ranks', 'gnd'), ask('truths.take', 'chosen')),
      '--imlist': both(form('evaluate-ranks', 'imlist'), ask('truths.take', 'imlist'), ask('truths.add', 'imlist')),
      '--ap': form('evaluate-ranks', 'ap'),
      '--distractors': form('evaluate-ranks', 'distractors'),
      '--method': view('views/measure/MeasureForm.vue', 'v-model="methods"'),
      '--set': view('views/measure/MeasureForm.vue', 'set: setKey.value'),
      ...flags(PARAMETER_FLAGS, view('views/measure/measure-fields.ts', 'parameterFields(methods)')),
    },
  },
  search: {
    options: {
      '<library>': opened,
      '--query': ask('search.run', 'photo', 'upload'),
      '--sketch': ask('search.run', 'drawing'),
      '--crop': ask('search.run', 'crop'),
      '--method': view('views/search/SearchOptions.vue', 'data-test="method"'),
      '--set': view('views/search/use-asked.ts', "text('set')"),
      '--network': chosenNetwork,
      '--backend': setting,
      '--collection': view('views/search/use-asked.ts', "text('in')"),
      '--one-of-fold': view('views/search/use-answers.ts', 'oneOfFold: true'),
      '--size': view('views/search/MethodParameters.vue', 'sizeField'),
      ...ranked,
      '--top': nowhere('Results are scrolled: the first thousand are always there'),
      '--photo-weight': ask('search.run', 'photoWeight'),
    },
  },
  descriptors: {
    form: 'vectors',
    options: {
      '<library>': ask('sets.list'),
      '--names': form('vectors', 'namesFile'),
      '--regions': form('regions', 'half'),
      '--network': form('regions', 'network'),
      '--size': form('regions', 'size'),
      '--backend': form('regions', 'backend'),
      '--remove': ask('sets.remove', 'set'),
    },
  },
  export: {
    options: {
      '<library>': opened,
      '--format': ask('start.export', 'format'),
      '--what': ask('start.export', 'format'),
      '--out': ask('start.export', 'folder'),
      '--run': ask('start.export', 'run'),
      '--seed': ask('start.export', 'seed'),
      '--photos': ask('start.export', 'photos'),
      '--pairs-per-query': ask('start.export', 'pairsPerQuery'),
      ...flags(mined, ask('start.export', 'mining')),
      '--network': ask('start.export', 'network'),
      '--size': ask('start.export', 'size'),
      '--collection': ask('start.export', 'collection'),
      '--force': neverOver,
    },
  },
  convert: { form: 'convert', options: { '--force': neverOver } },
  duplicates: { options: { '<library>': opened, '--bits': ask('photos.duplicates', 'bits') } },
  quality: {
    options: {
      '<library>': view('views/collections/QualityBars.vue', "kind: 'quality'"),
      '--field': view('views/collections/QualityBars.vue', 'field.value'),
      '--bins': nowhere('Only how finely the bars are drawn'),
    },
  },
  check: {
    options: {
      '<library>': view('views/storage/CheckDialog.vue', "kind: 'check'"),
      '--full': view('views/storage/CheckDialog.vue', 'full: full.value'),
      '--repair': view('views/storage/CheckDialog.vue', 'repair: true'),
      '--remove': view('views/storage/CheckDialog.vue', 'remove: true'),
    },
  },
  clean: {
    options: {
      '<library>': ask('storage.report'),
      '--remove': view('views/storage/chosen.ts', 'remove: choices'),
      '--all-derived': view('views/storage/chosen.ts', 'remove: choices'),
      '--network': view('views/storage/chosen.ts', 'networks: choices'),
      '--older-than': view('views/storage/chosen.ts', '{ olderThan }'),
      '--vacuum': view('views/storage/chosen.ts', 'vacuum: compact'),
      '--force': view('views/storage/chosen.ts', 'force: choices'),
      '--yes': view('views/storage/chosen.ts', 'yes: true'),
    },
  },
  backup: {
    options: {
      '<library>': opened,
      '<out>': ask('start.backup', 'folder'),
      '--without': ask('start.backup', 'without'),
      '--force': ask('start.backup', 'force'),
    },
  },
  restore: {
    options: { '<backup>': ask('start.restore', 'backup'), '<library>': ask('start.restore', 'within', 'name') },
  },
  teacher: { form: 'teacher', options: { '<library>': opened } },
  edges: { form: 'edges', options: { '--force': neverOver } },
  domains: { form: 'domains', options: { '--library': opened } },
  sketches: { form: 'sketches', options: { '--library': opened } },
  collection: { options: { '<library>': opened } },
  'collection list': { options: { '<library>': ask('collections.list') } },
  'collection create': { options: { '<library>': opened, '<name>': ask('collections.create', 'name') } },
  'collection rename': { options: { ...collected, '<to>': ask('collections.rename', 'name') } },
  'collection delete': { options: { ...collected, '<name>': ask('collections.delete', 'collection') } },
  'collection duplicate': { options: { ...collected, '<to>': ask('collections.duplicate', 'name') } },
  'collection use': { options: { ...collected, '<name>': ask('collections.setCurrent', 'collection') } },
  'collection show': { options: { ...collected, '<name>': ask('collections.open', 'collection') } },
  'collection add': {
    options: {
      ...collected,
      '<photos>': chosen,
      '--from': ask('collections.gather', 'photos'),
      '--all': chosen,
      '--cluster': ask('clusters.photos', 'clusters'),
      '--place': chosen,
      '--scene': chosen,
      ...flags(['--search', '--network', '--size', '--method', '--top'], ask('collections.gather', 'scores', 'ranks')),
      '--before': view('stores/collection-files.ts', "write('collections.add', { ...which, ...place"),
    },
  },
  'collection remove': {
    options: {
      ...collected,
      '<photos>': ask('collections.remove', 'photos'),
      '--from': ask('collections.remove', 'list'),
      '--all': ask('collections.remove', 'ranges'),
      '--gone': ask('collections.open', 'filter'),
      '--judge': ask('collections.remove', 'judge'),
    },
  },
  'collection move': {
    options: {
      ...collected,
      '<photos>': ask('collections.move', 'photos'),
      '--from': view('views/collections/MoreMenu.vue', "byList(props.collection, 'move')"),
      '--before': view('views/collections/CollectionPhotos.vue', '{ before }'),
    },
  },
  'collection fold-under': {
    options: {
      ...collected,
      '<head>': ask('collections.fold', 'head'),
      '<photos>': ask('collections.fold', 'photos'),
      '--from': ask('collections.fold', 'list'),
    },
  },
  'collection unfold': {
    options: {
      ...collected,
      '<photos>': ask('collections.unfold', 'photos'),
      '--from': ask('collections.unfold', 'list'),
      '--all': ask('collections.unfold', 'ranges'),
    },
  },
  'collection fold': {
    options: {
      ...collected,
      '<name>': ask('folds.collection', 'collection'),
      '--propose': ask('folds.propose', 'apply'),
      '--list': ask('photos.duplicates', 'open'),
      '--bits': ask('folds.propose', 'bits'),
      '--no-geometry': ask('folds.propose', 'geometry'),
      ...flags(weights, ask('folds.propose', 'weights')),
      ...flags(['--under', '--photos', '--head', '--unfold', '--forget'], ask('folds.edit', 'edit')),
    },
  },
  'collection smart': {
    options: {
      ...collected,
      '--rule': ask('collections.setRules', 'rules'),
      '--preview': ask('rules.preview', 'rule'),
      '--no-refresh': ask('rules.refresh', 'collection'),
    },
  },
  'collection judge': {
    options: { ...collected, '--yes': ask('collections.add', 'photos'), '--no': ask('collections.remove', 'judge') },
  },
  'collection next': {
    options: {
      ...collected,
      '--set': ask('exemplars.next', 'set'),
      '--n': view('views/collections/TeachPart.vue', 'n: n.value!'),
      '--by': view('views/collections/TeachPart.vue', 'by: by.value'),
      '--among': view('views/collections/TeachPart.vue', '{ among: among.value }'),
    },
  },
  'collection select': {
    options: {
      ...collected,
      ...flags(
        [
          ...['--n', '--by', '--no-heads', '--seed', '--quality', ...weights, '--field', '--values-of', '--each'],
          ...['--shares', '--hours', '--km', '--backend'],
        ],
        view('views/collections/ChooseDialog.vue', "kind: 'choose'"),
      ),
      '--network': view('views/collections/ChooseDialog.vue', 'choose-network'),
      '--set': view('views/collections/ChooseDialog.vue', 'choose-set'),
      '--size': view('views/collections/ChooseDialog.vue', ':schema="SCHEMA"'),
      '--keep': view('views/collections/ChooseDialog.vue', 'keep: [...selection.chosen]'),
      '--among': view('views/collections/ChooseDialog.vue', 'among: among.value'),
      '--dry-run': view('views/collections/ChooseDialog.vue', 'start(true)'),
    },
  },
  'collection set': {
    options: {
      ...collected,
      '<field>': ask('collections.setFields', 'change'),
      '<values>': ask('collections.setFields', 'change'),
      '--photos': ask('collections.describe', 'photos'),
      '--from': ask('collections.describe', 'list'),
      '--all': ask('collections.describe', 'ranges'),
      '--add': ask('collections.describe', 'change'),
    },
  },
  'collection fields': { options: { ...collected, '<name>': ask('collections.fields', 'collection') } },
  'collection fields export': {
    options: { ...collected, '--out': ask('collection-files.table', 'collection'), '--force': neverOver },
  },
  'collection fields import': { options: { ...collected, '<table>': ask('collections.readFieldsTable', 'file') } },
  'collection fields read': {
    options: {
      '<library>': opened,
      '<collection>': view('stores/collection-files.ts', "kind: 'collection-metadata'"),
      '--replace': view('stores/collection-files.ts', "answer === 'replace'"),
    },
  },
  'collection commit': {
    options: {
      '<library>': opened,
      '<collection>': ask('collections.commit', 'collection'),
      '--message': ask('collections.commit', 'message'),
      '--author': ask('collections.commit', 'author'),
      '--tag': ask('collections.commit', 'tag'),
    },
  },
  'collection versions': { options: { ...collected, '<name>': ask('collections.versions', 'collection') } },
  'collection diff': {
    options: { ...collected, '--from': ask('collections.diff', 'from'), '--to': ask('collections.diff', 'to') },
  },
  'collection missing': { options: { ...collected, '<name>': ask('collections.missing', 'version') } },
  'collection restore': { options: { ...collected, '<name>': ask('collections.restore', 'version') } },
  'collection tag': {
    options: {
      ...collected,
      '<tag>': ask('collections.tag', 'tag'),
      '--remove': ask('collections.tag', 'version'),
    },
  },
  'collection bundle': {
    options: {
      ...collected,
      '--base': ask('collection-files.bundle', 'base'),
      '--out': ask('collection-files.bundle'),
      '--author': ask('collection-files.bundle', 'author'),
      '--force': neverOver,
    },
  },
  'collection merge': {
    options: {
      ...collected,
      '<bundle>': ask('collections.merge', 'file'),
      '--author': ask('collections.merge', 'author'),
    },
  },
  'collection conflicts': {
    options: {
      ...collected,
      '--judge': ask('collections.judge', 'sha256', 'aspect'),
      '--take': ask('collections.judge', 'proposal'),
    },
  },
  'collection export': {
    options: {
      '<library>': opened,
      '<collection>': ask('collection-files.export', 'collection'),
      '--out': ask('collection-files.export', 'folder'),
      '--format': ask('collection-files.export', 'format'),
      '--photos': ask('collection-files.export', 'photos'),
      '--long-side': ask('collection-files.export', 'longSide'),
      '--remove-gps': ask('collection-files.export', 'removeGps'),
      '--sidecars': ask('collection-files.export', 'sidecars'),
      '--folds': ask('collection-files.export', 'folds'),
      '--no-gallery': ask('collection-files.export', 'gallery'),
      '--base-url': ask('collection-files.export', 'baseUrl'),
      '--shard-size': ask('collection-files.export', 'shardSize'),
      '--network': view('views/collections/ExportDialog.vue', 'export-network'),
      '--size': ask('collection-files.export', 'size'),
      '--force': neverOver,
    },
  },
  'collection import': {
    options: {
      '<library>': opened,
      '<folder>': ask('collection-files.import', 'folder', 'file'),
      '--name': ask('collection-files.import', 'name'),
      '--photos': ask('collection-files.import', 'photos'),
      '--unpack': ask('collection-files.import', 'unpack'),
    },
  },
  'collection verify': {
    options: {
      '<folder>': ask('collection-files.verify', 'folder'),
      '--level': ask('collection-files.verify', 'level'),
      '--repair': ask('collection-files.verify', 'repair'),
      '--force': ask('collection-files.verify', 'force'),
    },
  },
  plan: {
    otherwise: shards,
    options: {
      '<library>': opened,
      '--force': neverOver,
      '--out': nowhere('Plans of the studio lie beside the library, where it finds them again'),
    },
  },
  work: { options: flags(['<plan>', '--shard', '--stage'], machine) },
  collect: { options: { '<plan>': ask('plans.collect', 'uid'), '--library': opened } },
  submit: {
    otherwise: shards,
    options: {
      '<library>': opened,
      '--force': neverOver,
      '--out': nowhere('Plans of the studio lie beside the library, where it finds them again'),
      '--sbatch': nowhere('Free options of sbatch are a command line, and never of a page'),
      '--covis': nowhere('Where Covis lies on the nodes is a path, and never of a page'),
      '--dry-run': nowhere('Shows the script of sbatch, which nobody reads in the studio'),
      '--detach': nowhere('Processes go on when the studio is closed, always'),
    },
  },
  status: { options: { '<plan>': ask('plans.list'), '--watch': ask('plans.list') } },
  cancel: { options: { '<plan>': ask('plans.cancel', 'uid') } },
  retry: {
    options: {
      '<plan>': ask('plans.retry', 'uid'),
      '--failed': ask('plans.retry', 'failed'),
      ...Object.fromEntries(
        slurm.map((flag) => [
          flag,
          ask(
            'plans.retry',
            flag.slice(2).replace(/-([a-z])/g, (_, c: string) => c.toUpperCase()),
          ),
        ]),
      ),
      '--sbatch': nowhere('Free options of sbatch are a command line, and never of a page'),
      '--detach': nowhere('Processes go on when the studio is closed, always'),
    },
  },
  serve: {
    options: {
      '<library>': opened,
      '--port': nowhere('Said before there is a studio to say it in'),
      '--open': nowhere('Said before there is a studio to say it in'),
      '--root': nowhere('What pages may choose among is never said by a page'),
    },
  },
  open: { options: { '<library>': opened } },
  doctor: {},
  logs: {
    options: {
      '--follow': ask('log.last', 'lines'),
      '--level': ask('log.last', 'level'),
      '--lines': ask('log.last', 'lines'),
      '--path': nowhere('Page knows no paths of the log; Help shows its folder on the desktop'),
    },
  },
};
