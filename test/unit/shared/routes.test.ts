import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clusterRoutes } from '../../../src/shared/routes/clusters.ts';
import { collectionRoutes } from '../../../src/shared/routes/collections.ts';
import { collectionFileRoutes } from '../../../src/shared/routes/collection-files.ts';
import { collectionRuleRoutes } from '../../../src/shared/routes/collection-rules.ts';
import { descriptorRoutes } from '../../../src/shared/routes/descriptors.ts';
import { HOST_ROUTES, ROUTE_NAMES, ROUTES } from '../../../src/shared/routes/index.ts';
import { jobRoutes } from '../../../src/shared/routes/jobs.ts';
import { libraryRoutes } from '../../../src/shared/routes/library.ts';
import { logRoutes } from '../../../src/shared/routes/log.ts';
import { manifoldRoutes } from '../../../src/shared/routes/manifold.ts';
import { measurementRoutes } from '../../../src/shared/routes/measurements.ts';
import { networkRoutes } from '../../../src/shared/routes/networks.ts';
import { photoRoutes } from '../../../src/shared/routes/photos.ts';
import { planRoutes } from '../../../src/shared/routes/plans.ts';
import { reviewRoutes } from '../../../src/shared/routes/review.ts';
import { searchRoutes } from '../../../src/shared/routes/search.ts';
import { settingsRoutes } from '../../../src/shared/routes/settings.ts';
import { startRoutes } from '../../../src/shared/routes/start.ts';
import { storageRoutes } from '../../../src/shared/routes/storage.ts';
import { trainingRoutes } from '../../../src/shared/routes/training.ts';
import { tupleRoutes } from '../../../src/shared/routes/tuples.ts';

/** Every schema that a schema is made of, itself included. */
function parts(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = schema._zod;
  const inner: unknown[] = [
    ...('shape' in def ? Object.values(def.shape as object) : []),
    ...('options' in def ? (def.options as unknown[]) : []),
    ...('element' in def ? [def.element] : []),
    ...('innerType' in def ? [def.innerType] : []),
    ...('valueType' in def ? [def.valueType] : []),
    ...('items' in def ? (def.items as unknown[]) : []),
  ];
  return [schema, ...inner.flatMap((i) => parts(i as z.core.$ZodType))];
}

const objectsOf = (schema: z.ZodType): z.ZodObject[] => parts(schema).filter((s) => s instanceof z.ZodObject);

describe('routes', () => {
  it('have one name each, over all subjects', () => {
    const subjects = [
      clusterRoutes,
      collectionRoutes,
      collectionFileRoutes,
      collectionRuleRoutes,
      descriptorRoutes,
      jobRoutes,
      libraryRoutes,
      logRoutes,
      manifoldRoutes,
      measurementRoutes,
      networkRoutes,
      photoRoutes,
      planRoutes,
      reviewRoutes,
      searchRoutes,
      settingsRoutes,
      startRoutes,
      storageRoutes,
      trainingRoutes,
      tupleRoutes,
    ].flatMap((s) => Object.keys(s));
    expect(subjects.toSorted()).toEqual([...ROUTE_NAMES].sort());
  });

  it.each(ROUTE_NAMES)('%s refuses what it does not know', (name) => {
    const parsed = ROUTES[name].params.safeParse({ ['not a parameter']: 1 });
    expect(parsed.success).toBe(false);
    expect(parsed.error!.issues).toContainEqual(
      expect.objectContaining({ code: 'unrecognized_keys', keys: ['not a parameter'], path: [] }),
    );
    for (const o of objectsOf(ROUTES[name].params))
      expect(o.def.catchall, `an object of ${name} takes any key`).toBeInstanceOf(z.ZodNever);
  });

  it('are for the host alone where they take a path, and for pages everywhere else', () => {
    expect([...HOST_ROUTES].sort()).toEqual(['library.open', 'start.chosen', 'start.known']);
    for (const name of ROUTE_NAMES) {
      const paths = parts(ROUTES[name].params).filter((s) => (s as z.ZodType).meta()?.page === false);
      expect(paths.length > 0, name).toBe(HOST_ROUTES.has(name));
    }
  });
});

describe('the parameters of routes', () => {
  const takes = (name: keyof typeof ROUTES, params: unknown): boolean => ROUTES[name].params.safeParse(params).success;
  const photo = 'ab'.repeat(16);

  it.each<[keyof typeof ROUTES, unknown, unknown]>([
    ['clusters.detail', { id: photo }, { id: '../../etc' }],
    ['clusters.covisible', { id: photo, view: 0 }, { id: photo, view: -1 }],
    ['clusters.edit', { edit: { kind: 'exclude', clusters: [photo] } }, { edit: { kind: 'exclude', clusters: [] } }],
    ['clusters.edit', { edit: { kind: 'rename', cluster: photo, name: 'x' } }, { edit: { kind: 'delete' } }],
    [
      'clusters.edit',
      { edit: { kind: 'split', cluster: photo, views: [0] } },
      { edit: { kind: 'split', cluster: photo } },
    ],
    ['photos.random', { count: 200, seed: 0 }, { count: 201, seed: 0 }],
    ['photos.named', { begins: Array.from({ length: 500 }, () => 'ab'.repeat(6)) }, { begins: [] }],
    ['photos.named', { begins: [photo] }, { begins: ['ab%'] }],
    ['photos.duplicates', { bits: 16 }, { bits: 17 }],
    ['tuples.open', { run: 1, filter: {}, sort: 'mined' }, { run: 0, filter: {}, sort: 'mined' }],
    ['tuples.page', { list: 'l1', from: 0, limit: 500 }, { list: 'l1', from: 0, limit: 501 }],
    ['tuples.find', { list: 'l1', index: 0 }, { list: '1', index: 0 }],
    ['search.run', { photo, top: 5000 }, { photo, top: 0 }],
    ['search.run', { photo, top: 1, crop: { x: 0, y: 0, width: 1, height: 1 } }, { photo, top: 1, crop: { x: -0.1 } }],
    ['search.run', { photo, top: 1, method: 'bow' }, { photo, top: 1, method: 'magic' }],
    ['search.run', { photo, top: 1, set: 'named by a person' }, { photo, top: 1, set: 'a'.repeat(4097) }],
    ['search.run', { photo, top: 1, set: `${photo}-320` }, { photo, top: 1, set: '' }],
    ['manifold.around', { photo, k: 2 }, { photo, k: 1 }],
    ['measurements.paired', { a: 1, b: 2 }, { a: 1.5, b: 2 }],
    ['jobs.start', { job: { kind: 'duplicates' } }, { job: { kind: 'import', sources: ['/etc'] } }],
    ['jobs.start', { job: { kind: 'extract', size: 64 } }, { job: { kind: 'extract', size: 63 } }],
    ['settings.set', { keys: { accept: ['a'] } }, { keys: { accept: Array.from({ length: 9 }, () => 'a') } }],
    ['start.import', { folders: [photo] }, { folders: ['/models'] }],
    ['library.open', { path: '/library' }, { path: '' }],
  ])('%s takes %j and not %j', (name, good, bad) => {
    expect(takes(name, good)).toBe(true);
    expect(takes(name, bad)).toBe(false);
  });
});
