/** Photos in an order, of which some may not be there yet: what a grid shows, by position. */
export interface PhotoList<P> {
  readonly total: number;
  /** Undefined while it is on its way. */
  readonly at: (index: number) => P | undefined;
  /** These are about to be seen; up to, not including, `end`. */
  readonly want: (first: number, end: number) => void;
  /** -1 where it is not there, or not known to be. */
  readonly indexOf: (id: string) => number;
  /** Ids of the photos from `first` up to, not including, `end`; a promise where some must be fetched. */
  readonly ids: (first: number, end: number) => readonly string[] | Promise<readonly string[]>;
}

/** A list that is all there. */
export function listOf<P extends { readonly id: string }>(photos: readonly P[]): PhotoList<P> {
  const ids = photos.map((p) => p.id);
  let places: Map<string, number> | undefined;
  return {
    total: photos.length,
    at: (i) => photos[i],
    want: () => undefined,
    indexOf: (id) => (places ??= new Map(ids.map((p, i) => [p, i]))).get(id) ?? -1,
    ids: (first, end) => ids.slice(first, end),
  };
}
