import { useLibrary } from '../stores/library.ts';
import { usePlace } from '../stores/place.ts';
import { action, type Applies } from './action.ts';

function selected(): Applies {
  return useLibrary().selectedPhoto === null ? 'No photo is selected' : true;
}

function inModel(): Applies {
  const library = useLibrary();
  if (library.selectedPhoto === null) return 'No photo is selected';
  const info = library.selectedInfo;
  if (info === null || info.clusters.length > 0) return true;
  return info.excluded === undefined ? 'The photo is in no cluster' : 'The photo is in excluded clusters alone';
}

const OFFERED = ['palette', 'context', 'toolbar'] as const;

export const searchThis = action({
  id: 'searchThis',
  label: 'Search with the selected photo',
  group: 'Selected photo',
  keys: ['s'],
  offered: OFFERED,
  applies: selected,
  run: () => usePlace().go({ name: 'search', query: { photo: useLibrary().selectedPhoto } }),
});

export const showManifold = action({
  id: 'showManifold',
  label: 'Show the selected photo on the manifold',
  group: 'Selected photo',
  keys: ['m'],
  offered: OFFERED,
  applies: selected,
  run: () => usePlace().go({ name: 'manifold', query: { photo: useLibrary().selectedPhoto } }),
});

export const showMatches = action({
  id: 'showMatches',
  label: 'Show what the selected photo matches',
  group: 'Selected photo',
  keys: ['i'],
  offered: OFFERED,
  applies: selected,
  run: () => usePlace().go({ name: 'photos', query: { tab: 'matches', photo: useLibrary().selectedPhoto } }),
});

export const showCluster = action({
  id: 'showCluster',
  label: 'Show the selected photo in its 3D model',
  group: 'Selected photo',
  keys: ['g'],
  offered: OFFERED,
  applies: inModel,
  run: () => {
    const { selectedInfo, selectedPhoto } = useLibrary();
    const cluster = selectedInfo?.clusters[0];
    if (cluster !== undefined)
      usePlace().go({ name: 'cluster', params: { id: cluster.id }, query: { photo: selectedPhoto } });
  },
});
