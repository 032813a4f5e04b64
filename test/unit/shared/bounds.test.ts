import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EXPORTS } from '../../../src/shared/exports/index.ts';
import { fraction, numbers, rowNumber } from '../../../src/shared/fields.ts';
import { JOBS } from '../../../src/shared/jobs/index.ts';
import { baseName, sourcesTitle } from '../../../src/shared/jobs/sources.ts';
import { DEFINITIONS, ranking } from '../../../src/shared/methods/index.ts';
import {
  methodParameters,
  parametersOf,
  refuseForeign,
  reportedParameters,
} from '../../../src/shared/methods/parameters.ts';
import { defaultParameters } from '../../../src/shared/methods/parameters.ts';
import { ROUTES } from '../../../src/shared/routes/index.ts';
import { check } from '../../../src/shared/schema.ts';
import { BOUNDS_OF_COLLECTIONS } from './bounds-of-collections.ts';

/**
 * What every number, text and list that can be given may be. `whole 1 100` and `number 0 1` include their ends, `number >0 20` and
 * `number >0 <1` leave one out, `text 1 200` counts characters, `list 1 64` elements; `-` is no bound.
 */
const ROW = 'whole 1 -';
const ID = 'hash';
const PATH = 'text 1 4096';
const SEED = 'whole 0 2147483647';

/** By name, wherever it stands and whoever asks, unless the second table says otherwise. */
/** Since 1970, and of a map that may be turned around twice. */
const SECONDS = 'whole -1000000000000 1000000000000';
const DEGREES = 'number -720 720';
const BY_NAME: Readonly<Record<string, string>> = {
  // Of whose, with what.
  network: PATH,
  size: 'whole 64 2048',
  seed: SEED,
  set: PATH,
  words: 'whole 2 16777216',
  run: ROW,
  once: 'text 16 64',
  resume: ROW,
  pools: ROW,
  // Training.
  epochs: 'whole 1 1000',
  queriesPerEpoch: 'whole 1 100000',
  minings: 'whole 1 100',
  batch: 'whole 1 10000',
  learningRate: 'number >0 1',
  weightDecay: 'number 0 1',
  margin: 'number >0 2',
  'augment.crop': 'number 0 0.9',
  'augment.colour': 'number 0 1',
  'augment.blur': 'number 0 10',
  'augment.rotation': 'number 0 180',
  towardsStart: 'number 0 1',
  interpolate: 'number 0 1',
  // Mining by geometry.
  'mining.count': 'whole 1 100',
  'mining.minShared': 'whole 0 100000',
  'mining.minOverlap': 'number 0 1',
  'mining.maxScale': 'number 1 100',
  'mining.cameraPool': 'whole 1 100000',
  'mining.pool': 'whole 2 10000000',
  'mining.queries': 'whole 1 1000000',
  'mining.queryFraction': 'number >0 1',
  'mining.queriesPerCluster': 'whole 0 1000000',
  // Mining on the manifold.
  'manifold.k': 'whole 2 10000',
  'manifold.gamma': 'number >0 20',
  'manifold.alpha': 'number >0 0.99999',
  'manifold.iterations': 'whole 1 10000',
  'manifold.tolerance': 'number 0 1',
  'manifold.positivesK': 'whole 1 100000',
  'manifold.negativesK': 'whole 1 1000000',
  'manifold.kept': 'whole 1 1000',
  'manifold.maxAnchors': 'whole 1 1000000',
  // Ranking; a method may ask for more.
  'ranking.k': 'whole 1 10000',
  'ranking.kq': 'whole 1 10000',
  'ranking.gamma': 'number >0 20',
  'ranking.alpha': 'number >0 <1',
  'ranking.iterations': 'whole 0 10000',
  'ranking.tolerance': 'number 0 1',
  'ranking.rank': 'whole 0 5000',
  'ranking.expansion': 'whole 1 1000',
  'ranking.exponent': 'number 0 20',
  'ranking.truncation': 'whole 1 100000',
  'ranking.shortlist': 'whole 1 100000',
  // Photos and parts of them.
  photo: ID,
  upload: ID,
  drawing: ID,
  'crop.x': 'number 0 1',
  'crop.y': 'number 0 1',
  'crop.width': 'number 0 1',
  'crop.height': 'number 0 1',
  // Files and folders.
  'sources[]': PATH,
  sources: 'list 1 -',
  images: PATH,
  photos: PATH,
};

const BY_PLACE: Readonly<Record<string, string>> = {
  'vectors file': PATH,
  'vectors variable': 'text 1 1000',
  'vectors namesFile': PATH,
  'vectors names': 'list 0 -',
  'vectors names[]': 'text 0 -',
  'vectors name': 'text 1 200',
  'train name': 'text 1 120',
  'train freeze': 'frozen',
  'train memory': 'number 0.1 10000',
  'run memory': 'number 0.1 10000',
  'ladder memory': 'number 0.1 10000',
  'adapt memory': 'number 0.1 10000',
  'plan memory': 'number 0.1 10000',
  'submit memory': 'number 0.1 10000',
  'training.memory network': ID,
  'training.memory freeze': 'frozen',
  'training.memory memory': 'number 0.1 10000',
  'train detector': PATH,
  'measure truth': ID,
  'measure protocol': 'text 0 40',
  'export out': PATH,
  'export pairsPerQuery': 'whole 1 1000000',
  'cluster neighbours': 'whole 1 100000',
  'cluster minInliers': 'whole 1 100000',
  'domains folder': PATH,
  'domains drawn': 'list 0 -',
  'domains drawn[]': 'text 1 -',
  'domains fineTuned': PATH,
  'domains edges': PATH,
  'domains seeds': 'whole 1 1000',
  'sketches sketches': PATH,
  'sketches truth': PATH,
  'network backbone.id': 'text 0 100',
  'network backbone.file': PATH,
  'network backbone.from': PATH,
  'network backbone.output': 'text 1 200',
  'network backbone.name': 'text 1 120',
  'whiten whiten.dim': 'whole 1 65536',
  'whiten whiten.shrinkage': 'number 0 1000',
  'whiten whiten.power': 'number 0 10',
  'whiten whiten.scales': 'list 1 16',
  'whiten whiten.scales[]': 'number 0.1 4',
  'adapt folds': 'whole 1 20',
  'train folds': 'whole 1 20',
  'run folds': 'whole 1 20',
  'ladder ladder.poolings': 'list 1 2',
  'ladder ladder.seeds': 'whole 1 100',
  'library.open path': PATH,
  'clean remove': 'list 0 10000',
  'clean remove[]': 'storage kind',
  'clean networks': 'list 0 1000',
  'clean networks[]': PATH,
  'clean olderThan': 'age',
  'backup out': PATH,
  'collection-export collection': PATH,
  'collection-export out': PATH,
  'collection-export format': 'list 1 13',
  'collection-export longSide': 'whole 16 20000',
  'collection-export baseUrl': 'address',
  'collection-export shardSize': 'whole 1 8000',
  'collection-import folder': PATH,
  'collection-import name': 'text 1 200',
  'collection-import unpack': PATH,
  'collection-metadata collection': PATH,
  'collection-verify folder': PATH,
  'collection-verify repair': PATH,
  'backup without': 'list 0 1',
  // Between files of other programs.
  'convert source': PATH,
  'convert out': PATH,
  'edges out': PATH,
  'edges detector': PATH,
  'edges size': 'whole 16 16384',
  'rank database': PATH,
  'rank queries': PATH,
  'rank out': PATH,
  'rank scores': PATH,
  'rank variable': 'text 1 1000',
  'rank queryVariable': 'text 1 1000',
  'rank distractors': PATH,
  'rank owners': PATH,
  'rank queryOwners': PATH,
  'rank index': PATH,
  'rank local': PATH,
  'rank names': PATH,
  'rank queryNames': PATH,
  'rank verify': 'whole 1 1000000',
  'rank top': 'whole 1 -',
  'index-build descriptors': PATH,
  'index-build out': PATH,
  'index-build shardRows': 'whole 1000 10000000',
  'index-search index': PATH,
  'index-search queries': PATH,
  'index-search out': PATH,
  'index-search scores': PATH,
  'index-search top': 'whole 1 10000',
  'index-search shortlist': 'whole 1 10000',
  'index-search k': 'whole 1 10000',
  'evaluate-ranks ranks': PATH,
  'evaluate-ranks gnd': PATH,
  'evaluate-ranks gndFolder': PATH,
  'evaluate-ranks against': PATH,
  'evaluate-ranks imlist': PATH,
  'evaluate-ranks distractors': 'whole 0 1000000000',
  'evaluate-classes classes': PATH,
  'extract-folder out': PATH,
  'mine-descriptors descriptors': PATH,
  'mine-descriptors out': PATH,
  'network-export out': PATH,
  'network-export scales': 'list 1 16',
  'network-export scales[]': 'number 0.1 4',
  'project project': 'whole 1 65536',
  'settings.set checkpoints': 'whole 0 10000',
  'settings.set thumbnailsMb': 'whole 50 10000000',
  'networks.default network': ID,
  'library.download network': ID,
  // The start page: folders and libraries by the ids that were listed.
  'start.folders folder': ID,
  'start.folders find': 'text 0 100',
  'start.open folder': ID,
  'start.create within': ID,
  'start.create name': 'library name',
  'start.forget library': ID,
  'start.locate library': ID,
  'start.locate folder': ID,
  'start.import images': ID,
  'start.restore backup': ID,
  'start.restore within': ID,
  'start.restore name': 'library name',
  'start.export folder': ID,
  'start.export network': ID,
  'start.export collection': 'text 3 4096',
  'library.download collection': 'text 3 4096',
  'start.export pairsPerQuery': 'whole 1 1000000',
  'library.download pairsPerQuery': 'whole 1 1000000',
  'log.last lines': 'whole 1 5000',
  'start.import folders': 'list 1 100',
  'start.import folders[]': ID,
  'start.backup folder': ID,
  'start.backupPlace folder': ID,
  'start.chosen paths': 'list 1 100',
  'start.chosen paths[]': PATH,
  'start.known paths': 'list 0 100',
  'start.known paths[]': PATH,
  'clusters.photos clusters': 'list 1 1000',
  'clusters.photos clusters[]': ID,
  'clusters.list from': 'whole 0 -',
  'clusters.list limit': 'whole 1 1000',
  'clusters.detail id': ID,
  'clusters.covisible id': ID,
  'clusters.covisible view': 'whole 0 -',
  'clusters.edit edit.cluster': ID,
  'clusters.edit edit.name': 'text 1 200',
  'clusters.edit edit.clusters': 'list 1 1000',
  'clusters.edit edit.clusters[]': ID,
  'clusters.edit edit.views': 'list 1 100000',
  'clusters.edit edit.views[]': 'whole 0 -',
  'photos.info id': ID,
  'photos.random count': 'whole 1 200',
  'photos.find text': 'text 1 200',
  'photos.find limit': 'whole 1 100',
  'photos.named begins': 'list 1 500',
  'photos.named begins[]': ID,
  'photos.duplicates bits': 'whole 0 16',
  'photos.duplicates from': 'whole 0 -',
  'photos.duplicates limit': 'whole 1 200',
  'photos.duplicateIds bits': 'whole 0 16',
  'photos.overview taken.from': SECONDS,
  'photos.overview taken.to': SECONDS,
  'photos.places taken.from': SECONDS,
  'photos.places taken.to': SECONDS,
  'photos.places box.south': DEGREES,
  'photos.places box.west': DEGREES,
  'photos.places box.north': DEGREES,
  'photos.places box.east': DEGREES,
  'photos.places cell': 'number 1e-7 180',
  'collections.open filter.taken.from': SECONDS,
  'collections.open filter.taken.to': SECONDS,
  'collections.open filter.box.south': DEGREES,
  'collections.open filter.box.west': DEGREES,
  'collections.open filter.box.north': DEGREES,
  'collections.open filter.box.east': DEGREES,
  'tuples.open filter.cluster': ID,
  'tuples.open filter.similarity.min': 'number - -',
  'tuples.open filter.similarity.max': 'number - -',
  'tuples.open filter.hardest.min': 'number - -',
  'tuples.open filter.hardest.max': 'number - -',
  'tuples.open filter.shared.min': 'number - -',
  'tuples.open filter.shared.max': 'number - -',
  'tuples.open filter.newSince': ROW,
  'tuples.page list': 'list name',
  'tuples.page from': 'whole 0 -',
  'tuples.page limit': 'whole 1 500',
  'tuples.find list': 'list name',
  'tuples.find index': 'whole 0 -',
  'tuples.compare a': ROW,
  'tuples.compare b': ROW,
  'review.goTo action': ROW,
  'review.decide label': 'text 1 200',
  'review.decide judgements': 'list 1 10000',
  'review.decide judgements[].query': ID,
  'review.decide judgements[].other': ID,
  'review.decide judgements[].replacement': ID,
  'review.decide judgements[].note': 'text 0 10000',
  'review.decide judgements[].run': ROW,
  'review.decide judgements[].tuple': 'whole 0 -',
  'manifold.around network': ID,
  'manifold.around k': 'whole 2 1000',
  'manifold.around positivesK': 'whole 1 10000',
  'manifold.around negativesK': 'whole 1 100000',
  'manifold.graph network': ID,
  'manifold.graph k': 'whole 2 1000',
  'search.prepare network': ID,
  'search.run network': ID,
  'search.run wait': 'text 16 64',
  'search.progress wait': 'text 16 64',
  'search.stop wait': 'text 16 64',
  'search.run photoWeight': 'number 0 1',
  'search.run truth.id': ID,
  'search.run top': 'whole 1 5000',
  'search.explain network': ID,
  'search.explain hit': ID,
  'edges.info network': ID,
  'sets.remove set': ID,
  'truths.add name': 'text 0 255',
  'truths.add imlist': ID,
  'truths.take chosen': ID,
  'truths.take imlist': ID,
  'start.backup without': 'list 0 1',
  'measurements.detail id': ROW,
  'measurements.queries id': ROW,
  'measurements.queries with': ROW,
  'measurements.queries from': 'whole 0 -',
  'measurements.queries limit': 'whole 1 500',
  'measurements.paired a': ROW,
  'measurements.paired b': ROW,
  'settings.set keys{name}': 'text 0 40',
  'settings.set keys{}': 'list 0 8',
  'settings.set keys{}[]': 'text 0 40',
  'jobs.cancel id': ROW,
  'log.page message': 'text 0 2000',
  'log.page stack': 'text 0 8000',
  'log.page view': 'text 0 200',
  'retrieval-sfm pairsPerQuery': 'whole 1 1000000',
  'fsr ranking.rank': 'whole 1 5000',
  // Choosing, folds, rules and quality.
  'choose n': 'whole 1 100000',
  'choose valuesOf': 'text 1 100',
  'choose each': 'whole 1 100000',
  'choose collection': PATH,
  'choose keep': 'list 0 100000',
  'choose keep[]': ID,
  'choose quality': 'number 0 1',
  'choose hours': 'number >0 1000000',
  'choose km': 'number >0 20000',
  'choose weights.resolution': 'number 0 1',
  'choose weights.sharpness': 'number 0 1',
  'choose weights.clipping': 'number 0 1',
  'choose weights.blockiness': 'number 0 1',
  'quality.histogram bins': 'whole 1 1000',
  'quality.histogram photos': 'list 0 100000',
  'quality.histogram photos[]': ID,
  'quality.histogram list': 'photo list',
  'quality.histogram ranges': 'list 0 10000',
  'quality.histogram except': 'list 0 100000',
  'quality.histogram except[]': ID,
  'rules.preview collection': ID,
  'rules.refresh collection': ID,
  'folds.propose weights.resolution': 'number 0 1',
  'folds.propose weights.sharpness': 'number 0 1',
  'folds.propose weights.clipping': 'number 0 1',
  'folds.propose weights.blockiness': 'number 0 1',
  'folds.propose bits': 'whole 0 16',
  'folds.propose at': 'whole 0 -',
  'folds.propose limit': 'whole 0 200',
  'folds.edit edit.head': ID,
  'folds.edit edit.photo': ID,
  'folds.edit edit.photos': 'list 1 10000',
  'folds.edit edit.photos[]': ID,
  'folds.under photos': 'list 1 5000',
  'folds.under photos[]': ID,
  'folds.collection collection': ID,
  'exemplars.next exemplars.positive': 'list 1 10000',
  'exemplars.next exemplars.positive[]': ID,
  'exemplars.next exemplars.negative': 'list 0 10000',
  'exemplars.next exemplars.negative[]': ID,
  'exemplars.next exemplars.collection': 'text 1 1000',
  'exemplars.next n': 'whole 1 1000',
  // Plans, and who does their shards.
  'plan collection': 'text 3 4096',
  'submit collection': 'text 3 4096',
  ...Object.fromEntries(
    ['plan', 'submit'].flatMap((kind) => [
      [`${kind} freeze`, 'frozen'],
      // Of all kinds together; each is asked by its own bounds, too.
      [`${kind} size`, 'whole 16 16384'],
      [`${kind} seeds`, 'whole 1 1000'],
      [`${kind} poolings`, 'list 1 2'],
      [`${kind} presets`, 'list 1 9'],
      [`${kind} neighbours`, 'whole 1 100000'],
      [`${kind} minInliers`, 'whole 1 100000'],
      [`${kind} drawn`, 'list 0 -'],
      [`${kind} drawn[]`, 'text 1 -'],
      [`${kind} shardRows`, 'whole 1000 10000000'],
      [`${kind} top`, 'whole 1 -'],
      [`${kind} k`, 'whole 1 10000'],
      [`${kind} kq`, 'whole 1 10000'],
      [`${kind} gamma`, 'number >0 20'],
      [`${kind} alpha`, 'number >0 <1'],
      [`${kind} iterations`, 'whole 0 10000'],
      [`${kind} tolerance`, 'number 0 1'],
      [`${kind} truncation`, 'whole 1 100000'],
      [`${kind} shortlist`, 'whole 1 100000'],
      [`${kind} shardThreads`, 'whole 1 1024'],
      ...['folder', 'fineTuned', 'edges', 'descriptors', 'into', 'database', 'queries', 'ranks', 'detector'].map(
        (name) => [`${kind} ${name}`, PATH] as const,
      ),
    ]),
  ),
  'plan shards': 'whole 1 100000',
  'plan out': PATH,
  'submit shards': 'whole 1 100000',
  'submit out': PATH,
  'submit atOnce': 'whole 1 1024',
  'submit partition': 'text 1 200',
  'submit account': 'text 1 200',
  'submit time': 'text 1 64',
  'submit mem': 'text 1 64',
  'submit cpus': 'whole 1 1024',
  'submit gres': 'text 1 200',
  'submit arrayLimit': 'whole 1 100000',
  'submit sbatch': 'text 1 2000',
  'submit covis': PATH,
  'collect plan': PATH,
  'plans.retry uid': ID,
  'plans.retry atOnce': 'whole 1 1024',
  'plans.retry partition': 'text 1 200',
  'plans.retry account': 'text 1 200',
  'plans.retry time': 'text 1 64',
  'plans.retry mem': 'text 1 64',
  'plans.retry cpus': 'whole 1 1024',
  'plans.retry gres': 'text 1 200',
  'plans.retry arrayLimit': 'whole 1 100000',
  'plans.cancel uid': ID,
  'plans.collect uid': ID,
  'plans.forget uid': ID,
  ...BOUNDS_OF_COLLECTIONS,
};

/** Numbers, texts and lists within a schema, each with where it stands. */
function places(schema: z.core.$ZodType, path: string): [string, z.core.$ZodType][] {
  const { def } = schema._zod;
  const join = (key: string): string => (path === '' || path.endsWith(' ') ? `${path}${key}` : `${path}.${key}`);
  if ('shape' in def) return Object.entries(def.shape as object).flatMap(([k, s]) => places(s as z.ZodType, join(k)));
  if ('element' in def) return [[path, schema], ...places(def.element as z.ZodType, `${path}[]`)];
  if ('options' in def) return (def.options as z.ZodType[]).flatMap((o) => places(o, path));
  if (schema instanceof z.ZodRecord)
    return [...places(schema.keyType, `${path}{name}`), ...places(schema.valueType as z.core.$ZodType, `${path}{}`)];
  if ('innerType' in def) return places(def.innerType as z.ZodType, path);
  return def.type === 'number' || def.type === 'string' ? [[path, schema]] : [];
}

/** Values at the bounds and just beyond. */
function probes(rule: string): { taken: unknown[]; refused: unknown[] } {
  if (rule === ID)
    return {
      taken: ['0123456789abcdef', 'a'.repeat(8), 'f'.repeat(64)],
      refused: ['', 'a'.repeat(7), 'a'.repeat(65), '0123456g', 'ABCDEF01', '../../etc'],
    };
  if (rule === 'sha256')
    return {
      taken: ['a'.repeat(64)],
      refused: ['', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(63)}g`],
    };
  if (rule === 'library name')
    return {
      taken: ['a', 'Castles of 2024', 'Straße', 'x'.repeat(100), 'a.b'],
      refused: [
        ...[
          '',
          'x'.repeat(101),
          '..',
          '.hidden',
          ' a',
          'a ',
          'a.',
          'a/b',
          'a\\b',
          'a:b',
          'a*',
          'a?',
          'a|b',
          '<a>',
          '"a"',
        ],
        ...['CON', 'nul', 'com1.x', 'a\u0000b', 'a\nb', '\u{1f3f0}'.repeat(70)],
      ],
    };
  if (rule === 'storage kind')
    return {
      taken: ['thumbnails', 'gone-photos', 'descriptors:0123456789abcdef-320', `copies:${'x'.repeat(193)}`],
      refused: ['', 'photos', 'database', 'networks', 'models', `copies:${'x'.repeat(194)}`, 1],
    };
  if (rule === 'address')
    return {
      taken: ['http://localhost:8080', 'https://example.org/a/b/', `https://${'x'.repeat(1992)}`],
      refused: [
        '',
        'example.org',
        'file:///a',
        'https://a b',
        'https://a?b',
        'https://a#b',
        `https://${'x'.repeat(1993)}`,
        1,
      ],
    };
  if (rule === 'age')
    return { taken: ['1h', '30d', '8w', '99999d'], refused: ['', '0d', '30', 'd', '1.5d', '-1d', '100000d', '1y', 1] };
  if (rule === 'photo list')
    return { taken: ['p0', `p${'9'.repeat(15)}`], refused: ['p', `p${'9'.repeat(16)}`, '1', 'l1'] };
  if (rule === 'frozen')
    return { taken: ['head', '1', '9999'], refused: ['', '0', '01', '10000', '-1', '1.5', 'Head', 'heads', 1] };
  if (rule === 'list name')
    return { taken: ['l0', `l${'9'.repeat(15)}`], refused: ['l', `l${'9'.repeat(16)}`, '1', 'la'] };
  const [kind, low, high] = rule.split(' ') as [string, string, string];
  const least = Number(low.replace('>', ''));
  const most = Number(high.replace('<', ''));
  if (kind === 'text') {
    const of = (n: number): string => 'x'.repeat(n);
    return {
      taken: [of(least), ...(high === '-' ? [of(100_000)] : [of(most)])],
      refused: [...(least > 0 ? [of(least - 1)] : []), ...(high === '-' ? [] : [of(most + 1)]), 1, null],
    };
  }
  const step = kind === 'whole' ? 1 : 1e-7;
  const taken: number[] = [];
  const refused: unknown[] = [Number.NaN, Infinity, '1', null, ...(kind === 'whole' ? [least + 0.5] : [])];
  if (low === '-') taken.push(-1e9);
  else {
    if (low.startsWith('>')) refused.push(least);
    taken.push(low.startsWith('>') ? least + step : least);
    refused.push(least - step);
  }
  if (high === '-') taken.push(1e9);
  else {
    if (high.startsWith('<')) refused.push(most);
    taken.push(high.startsWith('<') ? most - step : most);
    refused.push(most + step);
  }
  return { taken, refused };
}

const GIVEN: [string, z.ZodType][] = [
  ...Object.entries(JOBS).map(([kind, j]): [string, z.ZodType] => [kind, j.params]),
  // Of `start.job` and `start.download` chosen-jobs.test.ts says it, of `jobs.start` the test of routes says what pages may send; its bounds are those of jobs.
  ...Object.entries(ROUTES).flatMap(([name, r]): [string, z.ZodType][] =>
    ['jobs.start', 'start.job', 'start.download'].includes(name) ? [] : [[name, r.params]],
  ),
  ...Object.entries(EXPORTS).flatMap(([format, e]): [string, z.ZodType][] =>
    format === 'network' ? [] : [[format, e.params]],
  ),
];
const METHODS = Object.entries(DEFINITIONS).map(([name, m]): [string, z.ZodType] => [
  name,
  z.object({ ranking: m.params }),
]);
const ALL = [...GIVEN, ...METHODS].flatMap(([where, schema]) => places(schema, `${where} `));
const ruleOf = (place: string): string | undefined => BY_PLACE[place] ?? BY_NAME[place.slice(place.indexOf(' ') + 1)];

describe('the bounds of what can be given', () => {
  it('are said here, all of them, and nothing else is', () => {
    expect(ALL.map(([place]) => place).filter((p) => ruleOf(p) === undefined)).toEqual([]);
    const there = new Set(ALL.map(([place]) => place));
    expect(Object.keys(BY_PLACE).filter((p) => !there.has(p))).toEqual([]);
    const names = new Set(ALL.map(([p]) => p.slice(p.indexOf(' ') + 1)));
    expect(Object.keys(BY_NAME).filter((p) => !names.has(p))).toEqual([]);
  });

  it.each(ALL)('%s', (place, schema) => {
    const rule = ruleOf(place)!;
    const says = (v: unknown): boolean => z.core.safeParse(schema, v).success;
    if (rule.startsWith('list ') && rule !== 'list name') {
      const [, low, high] = rule.split(' ') as [string, string, string];
      const element = (schema._zod.def as unknown as { element: z.ZodType }).element;
      const one = [
        'abcdef01',
        1,
        'mac',
        'small',
        'thumbnails',
        'folder',
        'derived',
        [0, 1],
        { how: 'hand' },
        { query: 'abcdef01', other: 'abcdef02', aspect: 'positive', verdict: 'accept' },
      ].find((v) => element.safeParse(v).success);
      const of = (n: number): unknown[] => Array.from({ length: n }, () => one);
      expect([says(of(Number(low))), says(of(high === '-' ? 20_000 : Number(high)))]).toEqual([true, true]);
      if (low !== '0') expect(says(of(Number(low) - 1))).toBe(false);
      if (high !== '-') expect(says(of(Number(high) + 1))).toBe(false);
      return;
    }
    const { taken, refused } = probes(rule);
    for (const v of taken) expect(says(v), `${String(v).slice(0, 40)} is taken`).toBe(true);
    for (const v of refused) expect(says(v), `${String(v).slice(0, 40)} is refused`).toBe(false);
  });

  it('of small parts: fractions, rows and lists of numbers', () => {
    const ok = (schema: z.ZodType, v: unknown): boolean => schema.safeParse(v).success;
    expect([-0.001, 0, 1, 1.001].map((v) => ok(fraction, v))).toEqual([false, true, true, false]);
    expect([0, 1, 1.5].map((v) => ok(rowNumber, v))).toEqual([false, true, false]);
    const list = numbers(0, 2);
    const of = (n: number): number[] => Array.from({ length: n }, () => 2);
    expect([0, 1, 64, 65].map((n) => ok(list, of(n)))).toEqual([false, true, true, false]);
    expect([[-0.1], [0], [2], [2.1]].map((v) => ok(list, v))).toEqual([false, true, true, false]);
  });
});

describe('what holds where nothing is said', () => {
  const defaults = (schema: z.ZodObject): unknown => schema.parse({});
  // methods.md 1.9, 4.1 to 4.6.
  const graph = { k: 50, kq: 10, gamma: 3, alpha: 0.99 };
  const regions = { ...graph, k: 200, kq: 200 };
  it.each<[keyof typeof DEFINITIONS, Record<string, number>, Record<string, number>]>([
    ['cosine', {}, {}],
    ['ann', {}, {}],
    ['bow', {}, {}],
    ['aqe', { expansion: 10 }, { expansion: 10 }],
    ['alpha-qe', { expansion: 10, exponent: 3 }, { expansion: 10, exponent: 3 }],
    ['dba', { expansion: 10 }, { expansion: 10 }],
    ['alpha-dba', { expansion: 10, exponent: 3 }, { expansion: 10, exponent: 3 }],
    ['superglobal', { shortlist: 400 }, { shortlist: 400 }],
    ['cg', { ...graph, iterations: 20, tolerance: 1e-6 }, { ...regions, iterations: 20, tolerance: 1e-6 }],
    ['iterative', { ...graph, iterations: 1000, tolerance: 1e-6 }, { ...regions, iterations: 1000, tolerance: 1e-6 }],
    ['jacobi', { ...graph, iterations: 1000, tolerance: 1e-6 }, { ...regions, iterations: 1000, tolerance: 1e-6 }],
    [
      'truncated',
      { ...graph, iterations: 20, tolerance: 1e-6, shortlist: 10_000 },
      { ...regions, iterations: 20, tolerance: 1e-6, shortlist: 10_000 },
    ],
    ['fsr', { ...graph, rank: 500 }, { ...regions, rank: 500 }],
    [
      'hybrid',
      { ...graph, iterations: 20, tolerance: 1e-6, rank: 40 },
      { ...regions, iterations: 20, tolerance: 1e-6, rank: 40 },
    ],
    [
      'offline',
      { ...graph, iterations: 20, tolerance: 1e-6, truncation: 1000 },
      { ...graph, iterations: 20, tolerance: 1e-6, truncation: 1000 },
    ],
  ])('%s', (method, global, regional) => {
    expect(methodParameters(method)).toEqual({ method, ...global });
    expect(defaultParameters(method)).toEqual({ method, ...global });
    expect(defaultParameters(method, true)).toEqual({ method, ...regional });
    expect(Object.fromEntries(parametersOf(method).map((p) => [p.name, p.initial]))).toEqual(global);
    expect(Object.fromEntries(parametersOf(method).map((p) => [p.name, p.regional]))).toEqual(regional);
  });

  it('of jobs and exports', () => {
    expect(defaults(JOBS.regions.params)).toEqual({ half: true });
    expect(JOBS.vectors.params.parse({ file: 'f' })).toEqual({ file: 'f', half: false });
    expect(JOBS.measure.params.parse({})).toEqual({ method: 'cosine', protocol: 'sfm' });
    expect(defaults(JOBS.teacher.params)).toEqual({ protocol: 'sfm-medium' });
    expect(JOBS.cluster.params.parse({ photos: 'p' })).toEqual({ photos: 'p', reconstruct: true, tellApart: true });
    expect(JOBS.domains.params.parse({ folder: 'f' })).toEqual({ folder: 'f', seeds: 3 });
    expect(JOBS.sketches.params.parse({ photos: 'p' })).toEqual({
      photos: 'p',
      layout: 'classes',
      method: 'cosine',
      whiten: false,
    });
    expect(JOBS.network.params.parse({ backbone: {} })).toEqual({ backbone: { pooling: 'gem' } });
    expect(defaults(JOBS.whiten.params)).toEqual({ whiten: { method: 'learned' } });
    expect(defaults(JOBS.ladder.params)).toEqual({ ladder: { poolings: ['mac', 'gem'], seeds: 3 } });
    expect(defaults(JOBS.check.params)).toEqual({ full: false, repair: false, remove: false });
    expect(EXPORTS['retrieval-sfm'].params.parse({})).toEqual({ seed: 0, photos: 'link', pairsPerQuery: 2 });
    expect(EXPORTS.gnd.params.parse({})).toEqual({ seed: 0, photos: 'link' });
  });
});

describe('the parameters of a method', () => {
  const said = (work: () => unknown): string => {
    try {
      return JSON.stringify(work());
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('are those that were given, over the defaults, over the method’s own', () => {
    expect(methodParameters('aqe', { expansion: 3 })).toEqual({ method: 'aqe', expansion: 3 });
    expect(methodParameters('aqe', { expansion: undefined })).toEqual({ method: 'aqe', expansion: 10 });
    expect(methodParameters('aqe', {}, { expansion: 7 })).toEqual({ method: 'aqe', expansion: 7 });
    expect(methodParameters('aqe', { expansion: 3 }, { expansion: 7 })).toEqual({ method: 'aqe', expansion: 3 });
  });

  it('are refused where the method does not read them, by the name of the asking face', () => {
    expect(said(() => methodParameters('cosine', { k: 5 }))).toBe(
      'The method cosine does not read k: it has no parameters',
    );
    expect(said(() => methodParameters('alpha-qe', { k: 5, rank: 2 }))).toBe(
      'The method alpha-qe does not read k, rank: it reads expansion, exponent',
    );
    expect(said(() => methodParameters('alpha-qe', { k: 5 }, {}, (p) => `--${p.flag}`))).toBe(
      'The method alpha-qe does not read k: it reads --neighbours, --alpha',
    );
    expect(said(() => methodParameters('aqe', { expansion: 0 }, {}, (p) => `--${p.flag}`))).toBe(
      '--neighbours takes a whole number from 1 to 1000, not 0',
    );
    expect(said(() => methodParameters('magic' as 'cosine'))).toMatch(/^There is no method magic: cosine, ann, /);
    expect(refuseForeign('cosine', [])).toBeUndefined();
  });

  it('are reported by the names of reports, with what nobody can choose', () => {
    expect(reportedParameters(methodParameters('alpha-dba'))).toEqual({ neighbours: 10, alpha: 3 });
    expect(reportedParameters(methodParameters('superglobal', { shortlist: 9 }))).toEqual({
      shortlist: 9,
      neighbours: 9,
      beta: 0.15,
    });
    expect(reportedParameters(methodParameters('cosine'))).toEqual({});
  });

  it('in a job or a route are refused as the method refuses them', () => {
    const run = (method: string | undefined, ranking: object): string =>
      said(() => check(JOBS.measure.params, { ...(method === undefined ? {} : { method }), ranking }));
    expect(run('fsr', { rank: 0 })).toBe('ranking: rank takes a whole number from 1 to 5000, not 0');
    expect(run('hybrid', { rank: 0 })).toMatch(/^\{/);
    expect(run(undefined, { k: 5 })).toBe('ranking: The method cosine does not read k: it has no parameters');
    expect(said(() => check(JOBS.tradeoff.params, { ranking: { rank: 3 } }))).toMatch(/^\{/);
    expect(said(() => check(JOBS.tradeoff.params, { ranking: { truncation: 3 } }))).toBe(
      'ranking: The method hybrid does not read truncation: it reads k, kq, gamma, alpha, iterations, tolerance, rank',
    );
    expect(said(() => check(ROUTES['search.run'].params as z.ZodObject, { top: 1, ranking: { rank: 3 } }))).toContain(
      'The method cosine does not read rank',
    );
  });

  it('travel within the widest bounds of all methods that read them', () => {
    const takes = (v: object): boolean => ranking.safeParse(v).success;
    expect([takes({ rank: 0 }), takes({ rank: 5000 }), takes({ rank: 5001 }), takes({ rank: -1 })]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(takes({})).toBe(true);
    expect(takes({ magic: 1 })).toBe(false);
  });
});

describe('what jobs are called', () => {
  it('by the last part of their paths, on any machine', () => {
    expect(['/a/b', '/a/b/', 'C:\\x\\y\\', 'z', '', '/'].map(baseName)).toEqual(['b', 'b', 'y', 'z', '', '']);
    expect(sourcesTitle(['/a/b', 'c/d/'])).toBe('b, d');
    const title = (j: { title: (p: never) => string }, p: object): string => j.title(p as never);
    expect(title(JOBS.mine, {})).toBe('Mine tuples');
    expect(title(JOBS.mine, { manifold: {} })).toBe('Mine on the manifold');
    expect(title(JOBS.train, {})).toBe('Train');
    expect(title(JOBS.train, { resume: 7 })).toBe('Resume training run 7');
    expect(title(JOBS.network, { backbone: { id: 'resnet50' } })).toBe('Add resnet50');
    expect(title(JOBS.network, { backbone: { file: '/n/v.onnx' } })).toBe('Add v.onnx');
    expect(title(JOBS.import, { sources: ['/a/b', '/c'] })).toBe('Import b, c');
  });
});
