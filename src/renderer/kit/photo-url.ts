import { inject, type InjectionKey } from 'vue';
import { assetUrl } from '../transport/index.ts';

/** Up to so many pixels, photos are kept small; beyond, they are made of the file each time. */
const KEPT = 1600;

/** Address of a photo at least `size` pixels long, or as it is. */
export function photoUrl(id: string, size: number): string {
  if (size > KEPT) return assetUrl(`whole/${id}`);
  return assetUrl(`photo/${id}?s=${size}`);
}

/** Where photos come from, for pages that have no engine. */
export const PHOTO_URL: InjectionKey<typeof photoUrl> = Symbol('photo address');

/** The address of photos in this app: the engine's, unless the app provides another. */
export function usePhotoUrl(): typeof photoUrl {
  return inject(PHOTO_URL, () => photoUrl, true);
}
