import { CovisError } from '../../../shared/errors.ts';
import { id } from '../../../shared/fields.ts';
import { drawnMatches } from '../clustering/matches.ts';
import { thumbnail, thumbnailSize, uprightJpeg, wholePhoto } from '../library/thumbnails.ts';
import { mapBytes } from '../retrieval/descriptor-map.ts';
import { clusterArray, sharedPointsOfPhotos, viewPoints } from '../sfm/clusters.ts';
import type { EngineContext } from './answers.ts';

/** Bytes with their type, for photos and arrays. */
export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** What follows the kind in an asset's path. The first is an id; the rest is text that each kind has to check. */
type Names = readonly [id: string, second: string, third: string];

const THUMBNAIL = 640;

const binary = (bytes: Uint8Array): Asset => ({ type: 'application/octet-stream', bytes });
const raw = (x: Float32Array | Uint32Array): Asset => binary(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
const isId = (text: string): boolean => id.safeParse(text).success;

async function sight(
  engine: EngineContext,
  asked: { readonly photo: string } | { readonly drawing: Uint8Array },
  query: URLSearchParams,
): Promise<Asset | undefined> {
  const network = query.get('network') ?? undefined;
  if (network !== undefined && !isId(network)) return undefined;
  const bytes = await engine.searches.sight({ ...asked, network, filtered: query.get('filtered') === '1' });
  return { type: 'image/png', bytes };
}

/** Kinds of assets by the first part of their path; undefined for what is not there. */
const ASSETS: Readonly<
  Record<
    string,
    (engine: EngineContext, names: Names, query: URLSearchParams) => Asset | undefined | Promise<Asset | undefined>
  >
> = {
  /** `photo/<id>?s=<pixels>` */
  photo: async ({ library }, [photo], query) => ({
    type: 'image/jpeg',
    bytes: await thumbnail(library, photo, thumbnailSize(Number(query.get('s') ?? THUMBNAIL))),
  }),
  /** `whole/<id>` */
  whole: async ({ library }, [photo]) => ({ type: 'image/jpeg', bytes: await wholePhoto(library, photo) }),
  /** `recent/<id>/<n>`: a picture of a library that was open. */
  recent: async ({ desk }, [library, picture]) => {
    const bytes = await desk.picture(library, picture);
    return bytes === undefined ? undefined : { type: 'image/jpeg', bytes };
  },
  /** `upload/<id>` */
  upload: async ({ uploads }, [upload]) => {
    const bytes = uploads.get(upload);
    return bytes === undefined ? undefined : { type: 'image/jpeg', bytes: await uprightJpeg(bytes, THUMBNAIL) };
  },
  /** `cluster/<id>/<array>?n=<points>` and `cluster/<id>/view/<n>` */
  cluster: ({ library }, [cluster, array, view], query) => {
    if (array === 'view' && /^\d{1,9}$/.test(view)) return raw(viewPoints(library, cluster, Number(view)));
    const most = Number(query.get('n') ?? Infinity);
    const bytes = clusterArray(library, cluster, array, Number.isSafeInteger(most) && most >= 0 ? most : Infinity);
    return bytes === undefined ? undefined : binary(bytes);
  },
  /** `map/<id>/points` and `map/<id>/<field>`: of one of the maps that were asked for last */
  map: async ({ library }, [map, part]) => {
    const bytes = await mapBytes(library, map, part);
    return bytes === undefined ? undefined : binary(bytes);
  },
  /** `shared/<photo>/<photo>` */
  shared: ({ library }, [a, b]) => (isId(b) ? raw(sharedPointsOfPhotos(library, a, b)) : undefined),
  /** `matches/<photo>/<photo>` */
  matches: ({ library }, [a, b]) => (isId(b) ? raw(drawnMatches(library, a, b)) : undefined),
  /** `edges/<photo>?network=<id>&filtered=1` */
  edges: (engine, [photo], query) => sight(engine, { photo }, query),
  /** `sketch/<upload>?network=<id>&filtered=1` */
  sketch: (engine, [upload], query) => {
    const drawing = engine.uploads.get(upload);
    return drawing === undefined ? undefined : sight(engine, { drawing }, query);
  },
};

/** Bytes by opaque path. @throws CovisError `NOT_FOUND` for what there is not. */
export async function asset(engine: EngineContext, path: string, query: URLSearchParams): Promise<Asset> {
  const [kind = '', first = '', second = '', third = ''] = path.split('/');
  const answer = Object.hasOwn(ASSETS, kind) && isId(first) ? ASSETS[kind] : undefined;
  const found = await answer?.(engine, [first, second, third], query);
  if (found === undefined) throw new CovisError('NOT_FOUND', 'There is nothing here');
  return found;
}
