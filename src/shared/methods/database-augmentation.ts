import { z } from 'zod';
import { expansion, exponent } from './fields.ts';
import { rankingMethod } from './method.ts';

export const dba = rankingMethod({
  name: 'dba',
  title: 'Database augmentation',
  summary: 'Every descriptor of the database becomes the mean of itself and its neighbours (methods.md 1.9).',
  takes: 'global',
  prepares: true,
  params: z.strictObject({ expansion: expansion.default(10) }),
});

export const alphaDba = rankingMethod({
  name: 'alpha-dba',
  title: 'α database augmentation',
  summary: 'As database augmentation, with neighbours weighed by a power of their similarity (methods.md 1.9).',
  takes: 'global',
  prepares: true,
  params: z.strictObject({ expansion: expansion.default(10), exponent: exponent.default(3) }),
});
