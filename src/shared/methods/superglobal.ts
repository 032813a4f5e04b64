import { z } from 'zod';
import { shortlist } from './fields.ts';
import { rankingMethod } from './method.ts';

/** K and β of the refinement. */
export const REFINEMENT = { neighbours: 9, beta: 0.15 } as const;

export const superglobal = rankingMethod({
  name: 'superglobal',
  title: 'SuperGlobal re-ranking',
  summary: 'Refines the best of a first search by their neighbours and ranks them anew (methods.md 1.9).',
  takes: 'global',
  params: z.strictObject({
    shortlist: shortlist.default(400).meta({ help: 'photos that are ranked anew' }),
  }),
  constants: REFINEMENT,
});
