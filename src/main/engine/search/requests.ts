import type { Protocol, SearchMethod } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { GivenParameters } from '../../../shared/methods/index.ts';
import type { Library } from '../library/library.ts';
import type { Crop } from '../library/pixels.ts';
import { photoByHash, currentPhoto } from '../library/photos.ts';

/** What is asked: a photo of the library or bytes from outside, maybe a part of it. */
export interface AskedPhoto {
  readonly photo?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  readonly crop?: Crop | undefined;
}

/** What an edge network's view is asked of. */
export interface SightRequest {
  readonly photo?: string | undefined;
  readonly drawing?: Uint8Array | undefined;
  readonly network?: string | undefined;
  readonly filtered: boolean;
}

export interface SearchRequest extends AskedPhoto {
  /** A drawing asks: PNG, SVG or strokes. The network is then one that takes edges, the last one made when none is named. */
  readonly drawing?: Uint8Array | undefined;
  /** How much the photo counts beside the drawing, 0 to 1. Scores of both are standardised over the library first. */
  readonly photoWeight?: number | undefined;
  /** Descriptor set; a network's own when left out. */
  readonly set?: string | undefined;
  readonly network?: string | undefined;
  /** Long side in pixels; what the network takes when left out. */
  readonly size?: number | undefined;
  readonly method: SearchMethod;
  readonly ranking?: GivenParameters | undefined;
  readonly top: number;
  /** Only photos of this version of a collection: `NAME@VERSION`. */
  readonly collection?: string | undefined;
  /** Of near duplicates that are folded together only the one that is ranked first. */
  readonly oneOfFold?: boolean | undefined;
  /** Judge results by an imported ground truth, when the photo is one of its queries. */
  readonly truth?: { readonly id: string; readonly protocol: Protocol } | undefined;
}

/**
 * The photo that asks: the path of its file, or its bytes.
 * @throws CovisError `INPUT_INVALID` where none was given, `NOT_FOUND` for one that the library has not.
 */
export function fileOf(library: Library, r: AskedPhoto): string | Uint8Array {
  if (r.bytes !== undefined) return r.bytes;
  if (r.photo === undefined) throw new CovisError('INPUT_INVALID', 'No photo to search with was given');
  return currentPhoto(library, photoByHash(library, r.photo).id);
}
