/** What people are told of a network: what of its file was taken, which photos it takes, and whether it can be trained. */
import type { NetworkSpec } from './facts/networks.ts';

/** 25,557,032 as "25.6 million", small numbers as they are. */
function weightsInWords(count: number): string {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : count.toLocaleString('en');
}

/** Which part of its file a network is, as a sentence without its full stop; undefined for networks that say nothing of it. */
export function takenInWords({ taken, features }: Pick<NetworkSpec, 'taken' | 'features'>): string | undefined {
  if (taken === undefined) return undefined;
  const { kind, kept, nodes, dropped, droppedWeights, weights, why } = taken;
  const what = kind === 'map' ? `Pools the map ${features}` : `Takes the vector ${features}`;
  const cost =
    dropped.length === 0
      ? 'nothing left out'
      : `left out ${dropped.join(', ')} with ${weightsInWords(droppedWeights)} of ${weightsInWords(weights)} weights`;
  return `${what}: ${why}. Kept ${kept} of ${nodes} nodes, ${cost}`;
}

/** Which photos a network takes, where it does not take any; undefined where it does. */
export function inputInWords({ input }: Pick<NetworkSpec, 'input'>): string | undefined {
  if (input === undefined) return undefined;
  const { height, width, fit, multiple } = input;
  if (height !== undefined && width !== undefined)
    return `Takes photos of ${width}x${height} alone: ${
      fit === 'crop'
        ? 'others are resized to fill that and cut at two sides'
        : 'others are resized to fit into that, with a margin of the mean colour'
    }`;
  return multiple === undefined
    ? undefined
    : `Takes photos whose sides are whole multiples of ${multiple}: others get a margin of the mean colour`;
}

/** Why a network cannot be trained; undefined where it can. @param obstacle the operator in the way. */
export function obstacleInWords(obstacle: string | null | undefined): string | undefined {
  return obstacle == null
    ? undefined
    : `Cannot be trained: operator ${obstacle} has no rule of differentiation. Describing works`;
}

/** All that is said of a network, a sentence each without its full stop. */
export function networkInWords(spec: NetworkSpec, obstacle: string | null | undefined): string[] {
  return [takenInWords(spec), inputInWords(spec), obstacleInWords(obstacle)].filter((s) => s !== undefined);
}
