import { z } from 'zod';
import { collection, mining, rowNumber, seed } from '../fields.ts';
import { exporting, photos } from './export.ts';

/** The data set of cnnimageretrieval-pytorch (methods.md 9.1). */
export const retrievalSfm = exporting({
  format: 'retrieval-sfm',
  title: 'retrieval-SfM data set (.pkl and ims/)',
  what: 'pairs',
  writes: 'folder',
  of: 'mining',
  params: z.object({
    collection: collection.optional(),
    run: rowNumber.optional().meta({ help: 'which mining run', otherwise: 'all pairs that m3 may draw', value: 'n' }),
    seed: seed.default(0),
    photos,
    // About two in the published data.
    pairsPerQuery: z.int().min(1).max(1_000_000).default(2).meta({ help: 'most positives of a query' }),
    mining: mining.omit({ queries: true }).partial().optional(),
  }),
});
