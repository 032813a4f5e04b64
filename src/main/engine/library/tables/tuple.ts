import { z } from 'zod';

/** The negatives of a tuple as `tuple.negatives` keeps them; runs of the first version say photo and similarity alone. */
export const storedNegatives = z.array(
  z.object({
    photo: z.int(),
    similarity: z.number(),
    rank: z.int().nullable().default(null),
    links: z.number().nullable().default(null),
    mutual: z.boolean().default(false),
    shared: z.int().default(0),
  }),
);

/** What other strategies would take, or a manifold's pool of positives, as `tuple.alternatives` keeps them. */
export const storedAlternatives = z.array(
  z.object({
    photo: z.int(),
    strategies: z.int(),
    shared: z.int(),
    overlap: z.number(),
    /** null where it is not known. */
    scale: z.number().nullable(),
    similarity: z.number(),
    weight: z.number().nullable(),
  }),
);
