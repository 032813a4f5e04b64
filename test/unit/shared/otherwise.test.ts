import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DEFAULT_MANIFOLD } from '../../../src/main/engine/mining/manifold.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { EXPORTS } from '../../../src/shared/exports/index.ts';
import { manifold, mining } from '../../../src/shared/fields.ts';
import { exportJob } from '../../../src/shared/jobs/export.ts';
import { trainingFields } from '../../../src/shared/jobs/training-fields.ts';
import { STRATEGY_BITS } from '../../../src/shared/domain.ts';
import { unwrap } from '../../../src/shared/schema.ts';

/** What forms and `--help` say of a field that is left out: all of it, and the value at its beginning. */
const told = (field: z.ZodType): { said: string; value: string } => {
  const said = unwrap(field).meta.otherwise ?? '';
  return { said, value: said.replace(/[,;].*$/, '') };
};
/** As people write it: 1e-10, not 1e-010 or 0.0000000001. */
const value = (text: string): string | number => (Number.isNaN(Number(text)) ? text : Number(text));

describe('what is said of a field that is left out', () => {
  it.each(Object.keys(mining.shape) as (keyof typeof mining.shape)[])('is what mining takes: %s', (key) => {
    const { said, value: first } = told(mining.shape[key]);
    if (key === 'queriesPerCluster') expect([said, DEFAULT_MINING[key]]).toEqual(['no limit', 0]);
    else expect(value(first)).toBe(DEFAULT_MINING[key]);
  });

  it.each(Object.keys(manifold.shape) as (keyof typeof manifold.shape)[])('is what the manifold takes: %s', (key) => {
    expect(value(told(manifold.shape[key]).value)).toBe(DEFAULT_MANIFOLD[key]);
  });

  const trained = Object.keys(trainingFields).filter((k) => !['network', 'mining', 'augment'].includes(k));
  it.each(trained as Exclude<keyof typeof trainingFields, 'network' | 'mining' | 'augment'>[])(
    'is what training takes: %s',
    (key) => {
      const { said, value: first } = told(trainingFields[key]);
      // The margin follows the network; that of small ones is the default.
      if (key === 'margin') expect(said).toContain(`${DEFAULT_TRAINING.margin} for small ones`);
      else expect(value(first)).toBe(DEFAULT_TRAINING[key]);
    },
  );

  it('is what exports take', () => {
    const { seed, photos, pairsPerQuery } = exportJob.params.shape;
    const own = EXPORTS['retrieval-sfm'].params.parse({});
    expect([told(seed), told(photos), told(pairsPerQuery)].map((t) => value(t.value))).toEqual([
      own.seed,
      own.photos,
      own.pairsPerQuery,
    ]);
  });
});

describe('the defaults themselves', () => {
  // methods.md 1.2, 1.3; 5.
  it('are those of the recipes', () => {
    expect(DEFAULT_MINING).toEqual({
      positives: 'm3',
      negatives: 'one-per-cluster',
      count: 5,
      minShared: 30,
      minOverlap: 0.2,
      maxScale: 1.5,
      cameraPool: 100,
      pool: 20_000,
      queries: 200,
      queryFraction: 1,
      queriesPerCluster: 0,
    });
    expect(DEFAULT_MANIFOLD).toEqual({
      positives: 'manifold',
      k: 30,
      gamma: 3,
      alpha: 0.99,
      iterations: 20,
      tolerance: 1e-10,
      positivesK: 50,
      negativesK: 10_000,
      kept: 50,
      anchors: 'maxima',
      maxAnchors: 1500,
      importance: 'degree',
    });
  });

  it('and the bits of stored tuples keep their meaning', () => {
    expect(STRATEGY_BITS).toEqual({ m1: 1, m2: 2, m3: 4, given: 8, manifold: 16 });
  });
});
