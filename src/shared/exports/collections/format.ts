/** What a format of collections is called and stands on; `engine/collections/exports/<format>.ts` writes it. */
export interface CollectionFormatDefinition<F extends string = string> {
  /** As `covis collection export --format` takes it. */
  readonly format: F;
  /** For people. */
  readonly title: string;
  /** One phrase of what it is for. */
  readonly help: string;
  /**
   * Photos as files beside it (`beside`), which a person may leave out unless they are `needed`, inside its own files (`inside`), or none
   * of them.
   */
  readonly photos: 'needed' | 'beside' | 'inside' | 'none';
  /** Options that it reads and others do not. */
  readonly reads: readonly ('baseUrl' | 'shardSize' | 'descriptors')[];
}

/** Defines a format of collections. */
export function collectionFormat<const F extends string>(
  definition: CollectionFormatDefinition<F>,
): CollectionFormatDefinition<F> {
  return definition;
}

/** How photos come to an export of a collection. A bag takes no links. */
export const COLLECTION_PLACEMENTS = ['copy', 'hard-link', 'link', 'none'] as const;
export type CollectionPlacement = (typeof COLLECTION_PLACEMENTS)[number];

/** Of each fold of near duplicates: all photos, the best alone, or none of them. */
export const FOLDS_KEPT = ['all', 'best', 'none'] as const;
export type FoldsKept = (typeof FOLDS_KEPT)[number];
