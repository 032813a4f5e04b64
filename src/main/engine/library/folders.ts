/** Folders of what a library keeps. */
export const KEPT_FOLDERS = [
  'clusters',
  'descriptors',
  'features',
  'networks',
  'scenes',
  'teacher',
  'runs',
  'edges',
  'detectors',
  'thumbnails',
] as const;

/** All that a library has; `staging` is for what is not finished. */
export const FOLDERS = [...KEPT_FOLDERS, 'staging'] as const;
export type Folder = (typeof FOLDERS)[number];
