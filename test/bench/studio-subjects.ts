/**
 * Every view of the studio with what its content is: what is measured of a large library, and held to few nodes and few bytes. A view, a page
 * of one or an entry of the palette that is not here fails test/page/views/at-scale.test.ts.
 */

/** A view by its address and what is there once it has content. */
export interface Subject {
  readonly name: string;
  readonly path: string;
  /** Selector of something that holds what the library has. */
  readonly content: string;
  /** Selector of what scrolls, and of the tiles or rows in it. */
  readonly scroll?: readonly [box: string, row: string];
  /** A search that is answered by what is in memory already: asked for faster than a view. */
  readonly search?: true;
  /** Answers and arrays may have so many bytes, where the library has so many photos in so many clusters; {@link MOST_BYTES} otherwise. */
  readonly bytes?: (size: { readonly photos: number; readonly clusters: number; readonly largest: number }) => number;
  /** Only once the graph of all photos is there, which takes half a minute. */
  readonly graph?: true;
}

/** Of answers and arrays, in bytes, however many photos there are. */
export const MOST_BYTES = 30_000;
const at = (bytes: number) => (): number => bytes;

/** What of a library the addresses name. */
export interface Named {
  readonly photo: string;
  /** The largest one. */
  readonly cluster: string;
  /** Of all photos, of some with more than its version has, of few to teach by, by a rule. */
  readonly collections: readonly [all: string, some: string, taught: string, rule: string];
}

/** By the name of each view, and `start` for the page before a library is open. */
export function subjects({
  photo,
  cluster,
  collections: [all, some, taught, rule],
}: Named): Readonly<Record<string, readonly Subject[]>> {
  return {
    start: [{ name: 'Start', path: '/start', content: '[data-test=recent]' }],
    clusters: [
      { name: 'Clusters', path: '/clusters', content: '.card img', scroll: ['.view > .scroll', '.card'] },
      {
        name: 'Clusters as a table',
        path: '/clusters?as=table',
        content: '[role=row] a',
        scroll: ['.kit-table, [role=table]', '[role=row]'],
      },
      {
        name: 'Largest cluster',
        path: `/clusters/${cluster}`,
        content: '.view:has(canvas[data-drawn]) .strip .frame',
        // A row of each photo, and the arrays of its points as they are.
        bytes: ({ largest }) => 60_000 + 560 * largest,
      },
    ],
    photos: [
      {
        name: 'Photos, when and where',
        path: '/photos?tab=when',
        content: '[data-photo]',
        scroll: ['.photos [role=listbox]', '[role=option]'],
        bytes: at(200_000),
      },
      {
        name: 'Photos, near duplicates',
        path: '/photos?tab=duplicates',
        content: '.groups [data-photo]',
        scroll: ['.groups', '.row'],
      },
      { name: 'Photos, matches', path: `/photos?tab=matches&photo=${photo}`, content: '[data-test=match-lines]' },
      { name: 'Photos, one of them large', path: `/photos?large=${photo}`, content: '[data-test=large] img', bytes: at(200_000) },
    ],
    collections: [
      {
        name: 'Collections, the first',
        path: '/collections',
        content: '.kit-grid [role=option] img',
        scroll: ['.kit-grid', '[role=option]'],
        bytes: at(150_000),
      },
      {
        name: 'Collection of all photos',
        path: `/collections/${all}`,
        content: '.kit-grid [role=option] img',
        scroll: ['.kit-grid', '[role=option]'],
        bytes: at(150_000),
      },
      {
        name: 'Collection, history',
        path: `/collections/${all}?part=history`,
        content: '.history .version',
        bytes: at(150_000),
      },
      {
        name: 'Collection, not committed',
        path: `/collections/${some}?part=history`,
        content: '[data-test=difference] .kit-grid [role=option]',
        bytes: at(150_000),
      },
      {
        name: 'Collection, by example',
        path: `/collections/${taught}?part=teach`,
        content: '.teach .kit-grid [role=option]',
        bytes: at(150_000),
      },
      {
        name: 'Collection, by rules',
        path: `/collections/${rule}?part=rules`,
        content: '.rules .kit-grid [role=option]',
        scroll: ['.rules .kit-grid', '[role=option]'],
        bytes: at(150_000),
      },
    ],
    tuples: [
      { name: 'Tuples', path: '/tuples', content: '.list .row', scroll: ['.list', '.row'], bytes: at(350_000) },
      { name: 'Tuples, two runs', path: '/tuples/2?compare=1', content: '.comparison .cards', bytes: at(400_000) },
    ],
    train: [
      { name: 'Train', path: '/train', content: '.table tbody tr', bytes: at(40_000) },
      { name: 'Train, networks', path: '/train?networks=', content: '[role=dialog] [data-test=own-network]', bytes: at(40_000) },
    ],
    adapt: [{ name: 'Adapt', path: '/adapt', content: '[data-test=adapt-tried]' }],
    search: [
      { name: 'Search, start', path: '/search', content: '.samples .sample' },
      {
        name: 'Search, of a photo',
        path: `/search?photo=${photo}`,
        content: '[data-test=results] .cell',
        scroll: ['[data-test=results]', '.cell'],
        search: true,
        bytes: at(240_000),
      },
      {
        name: 'Search, by diffusion',
        path: `/search?photo=${photo}&method=cg`,
        content: '[data-test=results] .cell',
        search: true,
        graph: true,
        bytes: at(240_000),
      },
    ],
    draw: [{ name: 'Draw', path: '/draw', content: '[data-test=paper]' }],
    manifold: [
      { name: 'Manifold, start', path: '/manifold', content: '.starts .grid button' },
      { name: 'Manifold', path: `/manifold?photo=${photo}`, content: '.graph .node.query', bytes: at(80_000) },
    ],
    map: [
      {
        name: 'Map',
        path: '/map',
        content: 'canvas[data-test=map][data-drawn]',
        // Names of clusters; of each photo its hash, its place and its cluster.
        bytes: ({ clusters, photos }) => 5000 + 100 * clusters + 30 * photos,
      },
    ],
    measure: [
      { name: 'Measure', path: '/measure', content: '[data-test=matrix] tbody tr' },
      {
        name: 'Measure, one opened',
        path: '/measure/1',
        content: '[data-test=queries] .row',
        scroll: ['[data-test=queries]', '.row'],
        bytes: at(100_000),
      },
      {
        name: 'Measure, two compared',
        path: '/measure/1?with=2',
        content: '.panel:has(.second) [data-test=queries] .row',
        scroll: ['[data-test=queries]', '.row'],
        bytes: at(100_000),
      },
      { name: 'Measure, trade-off', path: '/measure?tab=tradeoff', content: '.kit-empty, [data-test=rank]' },
      { name: 'Measure, teacher', path: '/measure?tab=teacher', content: '.teacher .query', bytes: at(100_000) },
      { name: 'Measure, components', path: '/measure?tab=ladder', content: '.ladder form' },
      { name: 'Measure, shapes', path: '/measure?tab=shapes', content: '.kit-empty, .shapes' },
    ],
    jobs: [{ name: 'Jobs', path: '/jobs', content: 'article' }],
    storage: [{ name: 'Storage', path: '/storage', content: '[data-test=storage-sum]' }],
  }; // prettier-ignore
}
