/** The photos of a lasso that was kept for a set of descriptors; null where there is none, or it cannot be read. */
export function readKept(text: string | null, set: string | undefined): readonly string[] | null {
  try {
    const kept: unknown = JSON.parse(text ?? 'null');
    if (typeof kept !== 'object' || kept === null || !('photos' in kept) || !('set' in kept)) return null;
    const { photos } = kept;
    return kept.set === set && Array.isArray(photos) ? photos.filter((p) => typeof p === 'string') : null;
  } catch {
    return null;
  }
}

/** Keeps a text; one that is too long for the store is left out, and an older one in its place, too. */
export function keep(store: Pick<Storage, 'setItem' | 'removeItem'>, key: string, text: string): void {
  try {
    store.setItem(key, text);
  } catch {
    store.removeItem(key);
  }
}
