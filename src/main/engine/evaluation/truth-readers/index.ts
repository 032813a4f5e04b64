import { json } from './json.ts';
import { list } from './list.ts';
import { mat } from './mat.ts';
import { oxford } from './oxford.ts';
import { pickle } from './pickle.ts';
import type { TruthReader } from './reader.ts';

/** Formats of ground truths, in the order of recognition. */
export const TRUTH_READERS: readonly TruthReader[] = [oxford, pickle, mat, json, list];
