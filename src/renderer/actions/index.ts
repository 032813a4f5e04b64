import { VIEWS } from '../views/index.ts';
import type { Action } from './action.ts';
import * as adapt from './adapt.ts';
import * as choice from './choice.ts';
import * as clusters from './clusters.ts';
import * as collectionPage from './collection-page.ts';
import * as collections from './collections.ts';
import * as draw from './draw.ts';
import * as everywhere from './everywhere.ts';
import * as history from './history.ts';
import * as jobs from './jobs.ts';
import * as library from './library.ts';
import * as lists from './lists.ts';
import * as review from './review.ts';
import * as search from './search.ts';
import * as selectedPhoto from './selected-photo.ts';
import * as stage from './stage.ts';
import * as steps from './steps.ts';
import * as tools from './tools.ts';
import * as tuple from './tuple.ts';
import { openView } from './views.ts';

/** Everything a person can do, in the order of the help sheet. */
export const ACTIONS: readonly Action[] = [
  ...VIEWS.map(openView),
  ...[
    everywhere,
    steps,
    history,
    library,
    jobs,
    adapt,
    tools,
    lists,
    choice,
    collections,
    collectionPage,
    selectedPhoto,
  ].flatMap((family) => Object.values<Action>(family)),
  ...[search, draw, stage, review, tuple, clusters].flatMap((family) => Object.values<Action>(family)),
];
