import { adapt } from './adapt/index.ts';
import { clusters } from './clusters/index.ts';
import { collections } from './collections/index.ts';
import { draw } from './draw/index.ts';
import { jobs } from './jobs/index.ts';
import { manifold } from './manifold/index.ts';
import { map } from './map/index.ts';
import { measure } from './measure/index.ts';
import { photos } from './photos/index.ts';
import { search } from './search/index.ts';
import { storage } from './storage/index.ts';
import { train } from './train/index.ts';
import { tuples } from './tuples/index.ts';
import type { View } from './view.ts';

/** All views in the order of the side bar; the first is where the studio opens. */
export const VIEWS: readonly View[] = [
  clusters,
  photos,
  collections,
  tuples,
  train,
  adapt,
  search,
  draw,
  manifold,
  map,
  measure,
  jobs,
  storage,
];
