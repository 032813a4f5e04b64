/** Which files a person may choose for what, by their names. */
import type { FilePurpose } from '../../../shared/facts/desktop.ts';
import { PAIR_READERS } from '../exchange/pair-readers/index.ts';
import { DESCRIPTOR_READERS } from '../retrieval/descriptor-readers/index.ts';
import { MODEL_READERS } from '../sfm/readers/index.ts';

const MODELS = [...MODEL_READERS.filter((r) => r.at === 'file'), ...PAIR_READERS].map((r) => r.named);

/** Names of the files that are listed for each purpose. */
export const FILES_FOR: Readonly<Record<FilePurpose, readonly RegExp[]>> = {
  models: MODELS,
  'model-file': MODELS,
  collection: [/\.zip$/i],
  network: [/\.onnx$/i],
  vectors: DESCRIPTOR_READERS.map((r) => r.named),
  names: [/\.txt$/i],
  truth: [/\.mat$/i],
  rows: [/\.npy$/i],
  local: [/\.(h5|hdf5)$/i],
  detector: [/\.onnx$/i],
  ranks: [/\.npy$/i],
  'ground-truth': [/\.(pkl|pickle|mat|json|txt|dat|csv)$/i],
  'neighbour-index': [/\.usearch$/i],
};
