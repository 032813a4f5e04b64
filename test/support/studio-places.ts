/** Where the studio does what each option of each command does, or why it makes no sense there. */
import {
  ask,
  both,
  flags,
  form,
  neverOver,
  nowhere,
  opened,
  view,
  type CommandPlaces,
  type Place,
} from './studio-place.ts';
import { OF_COLLECTIONS } from './studio-places-collections.ts';
import { OF_SHARDS } from './studio-places-shards.ts';

/** All methods' parameters, by their options. */
export const PARAMETER_FLAGS = [
  ...['--neighbours', '--alpha', '--shortlist', '--k', '--kq', '--gamma', '--iterations'],
  ...['--tolerance', '--rank', '--trunc'],
] as const;

const terminal = nowhere('Output of a terminal; the studio shows the same');
const threads = nowhere('Threads are of the process: set where the engine is started');
const chosenNetwork = view('app/AppHeader.vue', 'chosenNetwork');
const setting = ask('settings.set', 'backend');
const precisionSetting = ask('settings.set', 'precision');

/** What all commands have. */
export const COMMON: Readonly<Record<string, Place>> = {
  '--json': terminal,
  '--threads': threads,
  '--verbose': view('views/tools/LogDialog.vue', 'log.last'),
};

const mined = [
  ...['--positives', '--negatives', '--count', '--min-shared', '--min-overlap', '--max-scale', '--camera-pool'],
  ...['--pool', '--query-fraction', '--queries-per-cluster'],
];
const ranked = flags(PARAMETER_FLAGS, view('views/search/MethodForm.vue', 'parameterFields'));
const recipe = (key: string): Place => view('views/train/use-recipe.ts', `${key}: true`);

/** By command. */
export const PLACES: CommandPlaces = {
  ...OF_COLLECTIONS,
  ...OF_SHARDS,
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
      '--precision': recipe('precision'),
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
      '--precision': precisionSetting,
      '--collection': view('views/search/use-asked.ts', "text('in')"),
      '--one-of-fold': view('views/search/use-answers.ts', 'oneOfFold: true'),
      '--size': view('views/search/MethodForm.vue', 'size.optional()'),
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
      '--precision': form('regions', 'precision'),
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
