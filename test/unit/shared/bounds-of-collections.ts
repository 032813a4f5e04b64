/** What may be given to routes and jobs of collections, in the words of `bounds.test.ts`. */
const ID = 'hash';
const SUBSET = 'text 3 4096';
const VERSION = 'whole 1 -';

/** Photos named one by one, or as a list that is open. */
const chosen = (at: string): Record<string, string> => ({
  [`${at}photos`]: 'list 0 100000',
  [`${at}photos[]`]: ID,
  [`${at}list`]: 'photo list',
  [`${at}ranges`]: 'list 0 10000',
  [`${at}except`]: 'list 0 100000',
  [`${at}except[]`]: ID,
});

/** How photos that are added were come by. */
const cameBy = (at: string): Record<string, string> => ({
  ...Object.fromEntries(
    ['provenance', 'origins[]'].flatMap((k) => [
      [`${at}${k}.query`, 'text 0 10000'],
      [`${at}${k}.method`, 'text 0 100'],
      [`${at}${k}.network`, ID],
    ]),
  ),
  [`${at}origins`]: 'list 0 1000',
  [`${at}originOf`]: 'list 0 100000',
  [`${at}originOf[]`]: 'whole 0 -',
  [`${at}scores`]: 'list 0 100000',
  [`${at}scores[]`]: 'number - -',
  [`${at}ranks`]: 'list 0 100000',
  [`${at}ranks[]`]: 'whole 1 -',
});

/** Values by field that are set and added, and fields that are taken away. */
const change = (route: string): Record<string, string> => ({
  ...Object.fromEntries(
    ['set', 'add'].flatMap((k) => [
      [`${route} change.${k}{name}`, 'text 1 100'],
      [`${route} change.${k}{}`, 'list 1 1000'],
      [`${route} change.${k}{}[]`, 'text 1 10000'],
    ]),
  ),
  [`${route} change.clear`]: 'list 0 100',
  [`${route} change.clear[]`]: 'text 1 100',
});

const ofOne = (...routes: string[]): Record<string, string> =>
  Object.fromEntries(routes.map((r) => [`collections.${r} collection`, ID]));

export const BOUNDS_OF_COLLECTIONS: Readonly<Record<string, string>> = {
  // A version that work is narrowed to.
  ...Object.fromEntries(
    [
      ...['extract', 'mine', 'train', 'evaluate', 'measure', 'export', 'teacher', 'cluster', 'whiten', 'search.run'],
      ...['retrieval-sfm', 'gnd', 'hloc-pairs', 'csv', 'jsonl', 'parquet', 'descriptors'],
    ].map((k) => [`${k} collection`, SUBSET]),
  ),
  ...Object.fromEntries(
    ['collection-files.export', 'collection-files.download'].flatMap((route) => [
      [`${route} collection`, 'text 1 4096'],
      [`${route} format`, 'list 1 13'],
      [`${route} longSide`, 'whole 16 20000'],
      [`${route} baseUrl`, 'address'],
      [`${route} shardSize`, 'whole 1 8000'],
      [`${route} network`, ID],
      [`${route} size`, 'whole 64 2048'],
    ]),
  ),
  'collection-files.export folder': ID,
  'collection-files.import folder': ID,
  'collection-files.import file': ID,
  'collection-files.import fileName': 'text 1 1000',
  'collection-files.import name': 'text 1 200',
  'collection-files.import unpack': ID,
  'collection-files.table collection': ID,
  'collection-files.sent file': ID,
  'collection-files.drop file': ID,
  'collection-files.bundle collection': ID,
  'collection-files.bundle version': VERSION,
  'collection-files.bundle base': VERSION,
  'collection-files.bundle author': 'text 1 200',
  'collection-files.verify folder': ID,
  'collection-files.verify repair': ID,
  'collection-commit collection': 'text 1 4096',
  'collection-commit message': 'text 0 10000',
  'collection-commit author': 'text 1 200',
  'collection-commit tag': 'text 1 100',
  ...ofOne('rename', 'delete', 'duplicate', 'setRules', 'setCurrent', 'add', 'remove', 'move', 'fold', 'unfold'),
  ...ofOne('setFields', 'describe', 'fields', 'readFieldsTable', 'open', 'commit', 'versions', 'diff'),
  ...ofOne('restore', 'tag', 'merge', 'conflicts', 'judge'),
  ...Object.assign(
    {},
    ...['add', 'remove', 'move', 'fold', 'unfold', 'describe'].map((r) => chosen(`collections.${r} `)),
    chosen('collections.create add.'),
  ),
  ...change('collections.setFields'),
  ...change('collections.describe'),
  'collections.create name': 'text 1 200',
  'collections.rename name': 'text 1 200',
  'collections.duplicate name': 'text 1 200',
  ...cameBy('collections.add '),
  ...cameBy('collections.create add.'),
  'collections.add before': ID,
  'collections.move before': ID,
  'collections.fold head': ID,
  'collections.readFieldsTable file': ID,
  'collections.open version': VERSION,
  'collections.open filter.text': 'text 1 200',
  'collections.open filter.cluster': ID,
  'collections.open filter.scene': 'text 1 1000',
  'collections.open filter.in': ID,
  'collections.open filter.notIn': ID,
  'collections.open filter.field.name': 'text 1 100',
  'collections.open filter.field.value': 'text 0 10000',
  'collections.open filter.foldOf': ID,
  'collections.open filter.photos': 'list 1 500',
  'collections.open filter.photos[]': ID,
  'collections.page list': 'photo list',
  'collections.page from': 'whole 0 -',
  'collections.page limit': 'whole 1 500',
  'collections.named file': ID,
  'collections.named fileName': 'text 1 1000',
  'collections.missing collection': ID,
  'collections.missing version': VERSION,
  'collections.missing at': 'whole 0 -',
  'collections.missing limit': 'whole 1 1000',
  'collections.gather list': 'photo list',
  'collections.gather photos': 'list 1 10000',
  'collections.gather photos[]': ID,
  ...Object.fromEntries(
    Object.entries(cameBy('collections.gather '))
      .filter(([k]) => !k.includes('provenance'))
      .map(([k, v]) => [k, v.replace('100000', '10000')]),
  ),
  'collections.ids list': 'photo list',
  'collections.ids from': 'whole 0 -',
  'collections.ids limit': 'whole 1 10000',
  'collections.membership photos': 'list 1 5000',
  'collections.membership photos[]': ID,
  'collections.commit message': 'text 0 10000',
  'collections.commit author': 'text 1 200',
  'collections.commit tag': 'text 1 100',
  'collections.diff from': VERSION,
  'collections.diff to': VERSION,
  'collections.diff at': 'whole 0 -',
  'collections.diff limit': 'whole 1 1000',
  'collections.restore version': VERSION,
  'collections.tag tag': 'text 1 100',
  'collections.tag version': VERSION,
  'collections.merge file': ID,
  'collections.merge author': 'text 1 200',
  'collections.conflicts at': 'whole 0 -',
  'collections.conflicts limit': 'whole 1 500',
  'collections.judge sha256': 'sha256',
  'collections.judge aspect': 'text 1 120',
  'collections.judge proposal': 'whole 0 -',
};
