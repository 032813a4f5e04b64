import { counted } from '../../../shared/counted.ts';
import type { SearchAnswer } from '../../../shared/domain.ts';
import type { Features } from '../features/sift.ts';
import { silentContext, type TaskContext } from '../queue/context.ts';
import { askedSubset, subsetFacts } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { imageHeader } from '../library/photo-files.ts';
import type { Crop } from '../library/pixels.ts';
import { goneVersion } from '../library/current-photo.ts';
import { presentPhotos, upright } from '../library/photos.ts';
import { hitsOf } from '../retrieval/search.ts';
import { BowIndex, DEFAULT_TEACHER, describeQuery, featuresWithin } from '../teacher/bow-index.ts';
import { judgedBy } from './judged.ts';
import { fileOf, type AskedPhoto, type SearchRequest } from './requests.ts';

/** Searches by visual words: the index is made when it is first asked, and again once the photos are others. */
export class Words {
  readonly #library: Library;
  #index: { readonly version: string; readonly index: Promise<BowIndex> } | undefined;

  constructor(library: Library) {
    this.#library = library;
  }

  /**
   * The teacher: bag of words, re-ranked by geometry, expanded (methods.md 1.1). Photos that it has not seen yet are read first.
   * @param began when the search began, by `performance.now`. @throws CovisError as a search by descriptors.
   */
  async search(r: SearchRequest, began: number, task?: TaskContext): Promise<SearchAnswer> {
    const subset = askedSubset(this.#library, r.collection);
    const photos = presentPhotos(this.#library).filter((p) => subset?.photos.has(p.id) !== false);
    const version = `${subset?.digest ?? ''} ${photos.length} ${photos.at(-1)?.id ?? 0} ${goneVersion(this.#library)}`;
    const foreign = r.photo === undefined ? await describeQuery(fileOf(this.#library, r)) : undefined;
    const start = performance.now();
    const fresh = this.#index?.version !== version;
    if (fresh) {
      const index = BowIndex.prepare(this.#library, DEFAULT_TEACHER, task ?? silentContext(), photos);
      this.#index = { version, index };
      index.catch(() => (this.#index = undefined));
    }
    const index = await this.#index!.index;
    const preparedMs = fresh ? performance.now() - start : 0;
    const left = photos.length - index.photos.length;
    const own = r.photo === undefined ? -1 : index.photos.findIndex((p) => p.hash === r.photo);
    const whole = own >= 0 ? index.features(own) : (foreign ?? (await describeQuery(fileOf(this.#library, r))));
    const features = r.crop === undefined ? whole : await this.#cropped(whole, r, r.crop);
    const words = own >= 0 && r.crop === undefined ? index.lists[own]! : index.quantise(features);
    const hits = index.search(features, words, DEFAULT_TEACHER).slice(0, r.top);
    const found = hitsOf(
      this.#library,
      { ids: Uint32Array.from(index.photos, (p) => p.id) },
      hits.map((h) => ({ image: h.image, score: h.score, inliers: h.inliers })),
      r.crop === undefined ? r.photo : undefined,
    );
    const judged =
      r.truth === undefined || r.photo === undefined ? undefined : judgedBy(this.#library, found, r.photo, r.truth);
    return {
      hits: judged?.hits ?? found,
      set: 'bow',
      setName: `${index.words} visual words${left === 0 ? '' : `, without ${counted(left, 'photo')} that cannot be read`}`,
      method: 'bow',
      parameters: { words: index.words, verified: DEFAULT_TEACHER.verified, expansion: DEFAULT_TEACHER.expansion },
      milliseconds: performance.now() - began - preparedMs,
      preparedMs,
      judgedBy: judged?.name ?? null,
      ...(subset === undefined ? {} : { collection: subsetFacts(subset) }),
    };
  }

  /** Features inside a crop, which is given as displayed while features are of the stored photo. */
  async #cropped(f: Features, r: AskedPhoto, crop: Crop): Promise<Features> {
    const { width, height, orientation } = await imageHeader(fileOf(this.#library, r));
    return featuresWithin(f, (px, py) => {
      const [x, y] = upright(px / width, py / height, orientation);
      return x >= crop.x && x <= crop.x + crop.width && y >= crop.y && y <= crop.y + crop.height;
    });
  }
}
