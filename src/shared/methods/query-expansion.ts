import { z } from 'zod';
import { expansion, exponent } from './fields.ts';
import { rankingMethod } from './method.ts';

export const aqe = rankingMethod({
  name: 'aqe',
  title: 'Query expansion',
  summary: 'Searches a second time with the mean of the query and its neighbours (methods.md 1.9).',
  takes: 'global',
  params: z.strictObject({ expansion: expansion.default(10) }),
});

export const alphaQe = rankingMethod({
  name: 'alpha-qe',
  title: 'α query expansion',
  summary: 'As query expansion, with neighbours weighed by a power of their similarity (methods.md 1.9).',
  takes: 'global',
  params: z.strictObject({ expansion: expansion.default(10), exponent: exponent.default(3) }),
});
