import { existsSync } from 'node:fs';
import { ApproximateIndex } from '../approximate.ts';
import { ExactIndex } from '../neighbours.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Prepare } from './method.ts';

/** How the recall of the approximate index is measured. */
const RECALL_AT = 10;
const RECALL_SAMPLE = 50;

export const ann: Prepare<'ann'> = async (_, { database, indexFile, task }) => {
  const { vectors } = database;
  const known = indexFile !== undefined && existsSync(indexFile);
  const index = known ? ApproximateIndex.open(indexFile, vectors) : ApproximateIndex.build(vectors, undefined, task);
  if (!known && indexFile !== undefined) index.save(indexFile);
  const recall = await index.recall(RECALL_AT, RECALL_SAMPLE);
  return bySimilarity(
    database,
    new ExactIndex(vectors),
    (queries, top) => Promise.resolve(index.search(queries, top)),
    { recall },
  );
};
