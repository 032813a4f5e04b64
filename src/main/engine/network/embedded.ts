import { resourcePath } from '../resources.ts';
import { readNetworkFile, type LoadedNetwork } from './networks.ts';

/** Networks that come with Covis: before any training, fine-tuned on photos, and fine-tuned on edge maps (resources/networks/NOTICE). */
const FILES = {
  photos: 'mobilenet-v1-025-gem.onnx',
  'fine-tuned': 'mobilenet-v1-025-gem-tuned.onnx',
  edges: 'mobilenet-v1-025-edges.onnx',
} as const;

/** Reads an embedded network. */
export function embeddedNetwork(which: keyof typeof FILES): Pick<LoadedNetwork, 'graph' | 'spec'> {
  return readNetworkFile(resourcePath('networks', FILES[which]));
}
