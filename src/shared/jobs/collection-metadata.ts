import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { collectionName } from './collection-commit.ts';
import { job } from './job.ts';

/** Reads what photos and their sidecars say of themselves (XMP, IPTC) into the fields of a collection. Photos are not written to. */
export const collectionMetadataJob = job({
  kind: 'collection-metadata',
  title: () => 'Read XMP and IPTC',
  startedBy: 'page',
  params: z.strictObject({
    collection: collectionName,
    replace: z.boolean().default(false).meta({
      label: 'Replace',
      help: 'puts what was read in the place of what a person wrote; otherwise only fields without a value are filled',
    }),
  }),
  result: z.object({
    /** The action of the one history of undo; null where there was nothing to do. */
    action: z.int().nullable(),
    photos: count,
    /** Photos whose fields changed. */
    changed: count,
    /** Photos that said anything of a field, by its name. */
    fields: z.record(z.string(), count),
    /** Photos that say something, by where it was read first. */
    from: z.object({ sidecar: count, xmp: count, iptc: count }),
    /** What was there and could not be read, and dates that are none. */
    notes: z.array(z.string()),
  }),
});
