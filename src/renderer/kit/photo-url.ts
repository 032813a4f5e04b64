import { inject, type InjectionKey } from 'vue';
import { assetUrl } from '../transport/index.ts';

/** Address of a photo at least `size` pixels long. */
export function photoUrl(id: string, size: number): string {
  return assetUrl(`photo/${id}?s=${size}`);
}

/** Where photos come from, for pages that have no engine. */
export const PHOTO_URL: InjectionKey<typeof photoUrl> = Symbol('photo address');

/** The address of photos in this app: the engine's, unless the app provides another. */
export function usePhotoUrl(): typeof photoUrl {
  return inject(PHOTO_URL, () => photoUrl, true);
}
