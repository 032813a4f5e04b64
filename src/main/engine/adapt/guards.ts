import type { Guard } from '../../../shared/facts/adapt.ts';

/** What of a collection decides how it is learned from. */
export interface CollectionStatistics {
  readonly photos: number;
  /** [places]: photos of each place that share enough points with another. */
  readonly placeSizes: Uint32Array;
  /** [photos]: long side in pixels. */
  readonly longSides: Uint32Array;
  /** Directed pairs of photos that share points: query, answer, how many points, which part of the query's, and the change of scale (>= 1). */
  readonly query: Uint32Array;
  readonly shared: Uint32Array;
  readonly overlap: Float64Array;
  readonly scale: Float64Array;
}

/** What {@link chooseGuards} chose. */
export interface Guards {
  readonly minShared: number;
  readonly minOverlap: number;
  readonly maxScale: number;
  /** Parts that photos of a place, or places, are cut into; one is held out. */
  readonly parts: number;
  readonly epochs: number;
  readonly queriesPerEpoch: number;
  readonly learningRate: number;
  /** Tuples of one step of the optimiser. */
  readonly batch: number;
  readonly size: number;
  /** Directed pairs that may be learned from. */
  readonly pairs: number;
  /** Why whitening or training cannot be tried; null where it can. */
  readonly noWhitening: string | null;
  readonly noTraining: string | null;
  readonly said: readonly Guard[];
}

/** From strict to loose: shared points and overlap. Below the last a pair is no longer relevant when rankings are measured. */
const STEPS = [
  [30, 0.2],
  [20, 0.1],
  [10, 0.05],
] as const;
/** So many directed pairs are enough to be strict. */
const PLENTY = 2000;
/** Strictness leaves at least so many of the photos that have a pair, and of fewer pairs than plenty so many. */
const KEPT_PHOTOS = 0.8;
const KEPT_PAIRS = 0.9;
const SCALES = [1.5, 2.5] as const;
const LEAST_PAIRS_TO_WHITEN = 16;
const LEAST_PAIRS_TO_TRAIN = 48;
const LEAST_PLACES = 3;
const TUPLES = { least: 20, most: 160 } as const;
const RATE = 3e-5;
/** A few hundred tuples are few steps where several share one (docs/evidence.md). */
const BATCH = 1;

/**
 * From what a collection is to how it is learned from; each choice says why in a sentence, and what is too little says what is missing.
 * @param networkSize long side in pixels that the network takes where nobody says another.
 */
export function chooseGuards(s: CollectionStatistics, networkSize: number): Guards {
  const taken = (minShared: number, minOverlap: number, maxScale: number): { pairs: number; photos: number } => {
    const photos = new Set<number>();
    let pairs = 0;
    for (let i = 0; i < s.query.length; i += 1) {
      if (s.shared[i]! < minShared || s.overlap[i]! < minOverlap || !(s.scale[i]! <= maxScale)) continue;
      pairs += 1;
      photos.add(s.query[i]!);
    }
    return { pairs, photos: photos.size };
  };
  const [loose] = STEPS.slice(-1) as [(typeof STEPS)[number]];
  const unscaled = taken(loose[0], loose[1], Number.POSITIVE_INFINITY);
  const scaled = taken(loose[0], loose[1], SCALES[0]);
  const maxScale = 2 * scaled.pairs < unscaled.pairs ? SCALES[1] : SCALES[0];
  const all = taken(loose[0], loose[1], maxScale);
  const step =
    STEPS.find(([shared, overlap]) => {
      const t = taken(shared, overlap, maxScale);
      return t.photos >= KEPT_PHOTOS * all.photos && (t.pairs >= PLENTY || t.pairs >= KEPT_PAIRS * all.pairs);
    }) ?? loose;
  const [minShared, minOverlap] = step;
  const { pairs, photos } = taken(minShared, minOverlap, maxScale);
  const [strict] = STEPS;
  const strictly = taken(strict[0], strict[1], maxScale);
  const places = s.placeSizes.length;
  const middle = median(s.placeSizes);
  const parts = middle >= 8 ? 2 : 3;
  const epochs = pairs < 200 ? 3 : 4;
  const queriesPerEpoch = Math.max(TUPLES.least, Math.min(TUPLES.most, Math.round(pairs / 2)));
  const small = s.longSides.filter((side) => side < networkSize).length;
  const fewPlaces = `pairs lie in ${count(places, 'place')}, and it takes ${LEAST_PLACES}: photos of other places are what a network learns to tell apart`;
  const few = (least: number): string | null =>
    pairs < least
      ? `${count(pairs, 'pair')} of photos may be learned from, and it takes ${least}: more photos of the same places help`
      : places < LEAST_PLACES
        ? fewPlaces
        : null;
  const said: Guard[] = [
    {
      name: 'minShared',
      label: 'Shared points',
      value: minShared,
      why:
        step === loose
          ? `${strict[0]} points and an overlap of ${strict[1]} would leave ${strictly.pairs} of ${all.pairs} pairs; ${minShared} is where a pair begins to count as relevant`
          : `${pairs} of ${all.pairs} pairs of ${count(photos, 'photo')} are left, so that one can be strict`,
    },
    {
      name: 'minOverlap',
      label: 'Overlap',
      value: minOverlap,
      why: `goes with ${minShared} shared points; half of the pairs overlap by ${median(s.overlap).toFixed(2)} or more`,
    },
    {
      name: 'maxScale',
      label: 'Change of scale',
      value: maxScale,
      why:
        maxScale === SCALES[0]
          ? `${scaled.pairs} of ${unscaled.pairs} pairs are within it`
          : `within ${SCALES[0]} there would be ${scaled.pairs} of ${unscaled.pairs} pairs`,
    },
    {
      name: 'parts',
      label: 'Held out',
      value: 1 / parts,
      why: `half of the places have ${middle} photos or more: ${parts === 2 ? 'half of them are enough to learn from' : 'of so few most must be left to learn from'}`,
    },
    {
      name: 'epochs',
      label: 'Epochs',
      value: epochs,
      why: `${count(pairs, 'pair')} are ${epochs === 3 ? 'soon learned by heart' : 'enough for a fourth pass'}`,
    },
    {
      name: 'queriesPerEpoch',
      label: 'Tuples an epoch',
      value: queriesPerEpoch,
      why:
        queriesPerEpoch === TUPLES.most
          ? `${count(pairs, 'pair')} give more, and ${TUPLES.most} keep an epoch within minutes`
          : `as many as there are pairs when each is counted once`,
    },
    {
      name: 'learningRate',
      label: 'Learning rate',
      value: RATE,
      why: 'a few hundred tuples are few steps; a third of it stopped far too early where both were tried',
    },
    {
      name: 'batch',
      label: 'Tuples of a step',
      value: BATCH,
      why: 'so that few tuples are many steps: on the covers of docs/evidence.md five of them in one stopped far too early',
    },
    {
      name: 'size',
      label: 'Size',
      value: networkSize,
      why: `search describes photos with it, so that what is measured is what is used${small === 0 ? '' : `; ${count(small, 'photo')} ${small === 1 ? 'is smaller and stays as it is' : 'are smaller and stay as they are'}`}`,
    },
  ];
  return {
    minShared,
    minOverlap,
    maxScale,
    parts,
    epochs,
    queriesPerEpoch,
    learningRate: RATE,
    batch: BATCH,
    size: networkSize,
    pairs,
    noWhitening: few(LEAST_PAIRS_TO_WHITEN),
    noTraining: few(LEAST_PAIRS_TO_TRAIN),
    said,
  };
}

/** The value below which a share of them lies; 0 of none. */
function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Array.from(values).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

function count(n: number, one: string): string {
  return `${n} ${n === 1 ? one : `${one}s`}`;
}
