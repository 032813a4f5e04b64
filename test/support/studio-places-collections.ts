/** Where the studio does what commands of collections do. */
import { ask, flags, neverOver, opened, view, type CommandPlaces } from './studio-place.ts';

const collected = { '<library>': opened, '<name>': ask('collections.list') };
/** Which photos: those that are chosen, of any view. */
const chosen = ask('collections.add', 'photos', 'list', 'ranges');
const weights = ['--resolution', '--sharpness', '--clipping', '--blockiness'];

export const OF_COLLECTIONS: CommandPlaces = {
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
      '--among': view('views/collections/TeachPart.vue', 'among: narrowed.value ? among.value'),
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
};
