import { z } from 'zod';
import { collection, network, size } from '../fields.ts';
import { exporting } from './export.ts';

/** Descriptors of all photos as .npy, with their paths in a .txt beside it. */
export const descriptors = exporting({
  format: 'descriptors',
  title: 'Descriptors (.npy and .txt)',
  what: 'descriptors',
  writes: 'file',
  of: 'network',
  params: z.object({ collection: collection.optional(), network: network.optional(), size: size.optional() }),
});
