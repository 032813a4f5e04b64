/** What can be removed of a library by kind. Networks are removed by name, one by one. */
export const REMOVABLE = [
  'thumbnails',
  'edges',
  'features',
  'teacher',
  'descriptors',
  'regions',
  'maps',
  'matches',
  'gone-photos',
  'experiments',
  'checkpoints',
  'scenes',
  'unfinished',
  'leftovers',
  'copies',
] as const;
export type Removable = (typeof REMOVABLE)[number];

/** What always stays. */
export const STAYS = ['database', 'models', 'networks', 'detectors', 'imported', 'other'] as const;

/** Kinds that are computed of photos, models and networks that the library has, and are computed again alike. */
export const DERIVED = [
  'thumbnails',
  'edges',
  'features',
  'teacher',
  'descriptors',
  'regions',
  'maps',
  'matches',
  'gone-photos',
] as const satisfies readonly Removable[];

/** Kinds whose files are each of their own: of them the old ones go, of others a thing whole. */
export const FILE_BY_FILE: readonly string[] = [
  'thumbnails',
  'edges',
  'features',
  'gone-photos',
  'leftovers',
] satisfies Removable[];
