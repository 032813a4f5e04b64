import { z } from 'zod';
import { EXPORT_FORMATS, PHOTO_PLACEMENTS } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { collection, force, mining, network, path, rowNumber, seed, size } from '../fields.ts';
import { job } from './job.ts';

/** What was found when the files were read back. */
const found = z.object({ items: count, photos: count.optional() });

/** Writes pairs, a benchmark or a run's tuples for other tools. */
export const exportJob = job({
  kind: 'export',
  title: ({ format }) => `Export ${format}`,
  startedBy: 'host',
  params: z.strictObject({
    format: z.enum(EXPORT_FORMATS).meta({ label: 'Format', value: 'format' }),
    out: path.meta({ help: 'folder, made where it is not there; for network and descriptors the file' }),
    run: rowNumber
      .optional()
      .meta({ help: 'which mining run', otherwise: 'the newest, for retrieval-sfm all pairs', value: 'n' }),
    seed: seed.optional(),
    photos: z
      .enum(PHOTO_PLACEMENTS)
      .optional()
      .meta({ label: 'Photos', help: 'how photos come beside retrieval-sfm and gnd', otherwise: 'link', value: 'how' }),
    pairsPerQuery: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ help: 'most positives of a query in retrieval-sfm', otherwise: '2' }),
    mining: mining.omit({ queries: true }).optional(),
    network: network.optional().meta({ help: 'which network', otherwise: 'the newest' }),
    size: size.optional().meta({ help: 'which descriptors' }),
    collection: collection.optional(),
    force,
  }),
  result: z.object({
    what: z.string(),
    items: count,
    files: z.array(z.string()),
    photos: count.optional(),
    verified: found,
    collection: collectionSubset.optional(),
  }),
});
