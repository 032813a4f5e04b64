import { inject, type InjectionKey } from 'vue';

/** What is known of a photo beside what a view says of it. */
export interface PhotoMarks {
  /** Whether it is in the collection that is being made. */
  readonly collected: (id: string) => boolean;
  /** How many others are folded under it. */
  readonly folded: (id: string) => number;
}

/** Who knows the marks of photos, for tiles wherever they are. */
export const PHOTO_MARKS: InjectionKey<PhotoMarks> = Symbol('marks of photos');

const NONE: PhotoMarks = { collected: () => false, folded: () => 0 };

export function usePhotoMarks(): PhotoMarks {
  return inject(PHOTO_MARKS, NONE);
}
