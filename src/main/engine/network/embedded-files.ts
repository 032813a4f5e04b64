/** The networks that come with Covis, and which of them a new library begins with. */
import { CovisError } from '../../../shared/errors.ts';

/** By name, the files in resources/networks (see NOTICE there). */
export const EMBEDDED = {
  /** Before any training, for photos. */
  'efficientnet-lite0': 'efficientnet-lite0-gem.onnx',
  /** The same, small and fast. */
  tiny: 'mobilenet-v1-025-gem.onnx',
  /** The small one, fine-tuned on photos, and on edge maps. */
  'fine-tuned': 'mobilenet-v1-025-gem-tuned.onnx',
  edges: 'mobilenet-v1-025-edges.onnx',
} as const;
export type EmbeddedName = keyof typeof EMBEDDED;

/** Those that a library can begin with. */
export const STARTS = ['efficientnet-lite0', 'tiny'] as const satisfies readonly EmbeddedName[];
export type StartName = (typeof STARTS)[number];

export function isStart(name: string): name is StartName {
  return (STARTS as readonly string[]).includes(name);
}

/** What a new library begins with: `COVIS_NETWORK`, else the better one. @throws CovisError `INPUT_INVALID` where that names none. */
export function embeddedDefault(): StartName {
  const said = process.env['COVIS_NETWORK'];
  if (said === undefined || said === '') return STARTS[0];
  if (isStart(said)) return said;
  throw new CovisError('INPUT_INVALID', `COVIS_NETWORK names no network that comes with Covis: ${said}`, {
    hint: `It may be ${STARTS.join(' or ')}.`,
  });
}
