import { useJobs } from '../stores/jobs.ts';
import { useLibrary } from '../stores/library.ts';
import { usePlace } from '../stores/place.ts';
import { action, type Applies } from './action.ts';

function hasPhotos(): Applies {
  const { info, empty } = useLibrary();
  if (info === null) return 'No library is open';
  return empty ? 'The library has no photos yet' : true;
}

function hasClusters(): Applies {
  const photos = hasPhotos();
  return photos === true && useLibrary().info?.clusters === 0 ? 'The library has no clusters yet' : photos;
}

const common = { group: 'Jobs', offered: ['palette', 'toolbar'], undoneBy: 'cancelJob' } as const;

export const extract = action({
  ...common,
  id: 'extract',
  label: 'Extract descriptors',
  applies: hasPhotos,
  run: () => useJobs().start({ kind: 'extract', ...useLibrary().withNetwork }),
});

/** Asks who does it, and in how many parts. */
export const describeInShards = action({
  id: 'describeInShards',
  label: 'Work in shards…',
  group: 'Jobs',
  offered: ['palette', 'toolbar'],
  applies: hasPhotos,
  run: () => usePlace().go({ name: 'jobs', query: { shards: '' } }),
});

export const prepareDrawing = action({
  ...common,
  id: 'prepareDrawing',
  label: 'Prepare drawing',
  applies: hasPhotos,
  run: () => useJobs().start({ kind: 'extract', domain: 'edges' }),
});

export const mineTuples = action({
  ...common,
  id: 'mineTuples',
  label: 'Mine tuples with the defaults',
  applies: hasClusters,
  run: () => useJobs().start({ kind: 'mine', ...useLibrary().withNetwork }),
});

/** Asks how. */
export const openMining = action({
  id: 'openMining',
  label: 'Mine tuples…',
  group: 'Jobs',
  offered: ['palette', 'toolbar'],
  applies: hasPhotos,
  run: () => usePlace().go({ name: 'tuples', query: { mine: '' } }),
});

export const trainDefaults = action({
  ...common,
  id: 'trainDefaults',
  label: 'Train with the defaults',
  applies: hasClusters,
  run: () => useJobs().start({ kind: 'train', ...useLibrary().withNetwork }),
});

export const evaluate = action({
  ...common,
  id: 'evaluate',
  label: 'Measure the network on held-out places',
  applies: hasClusters,
  run: () => useJobs().start({ kind: 'evaluate', ...useLibrary().withNetwork }),
});

export const cancelJob = action({
  id: 'cancelJob',
  label: 'Cancel the job that runs',
  group: 'Jobs',
  offered: ['palette', 'toolbar'],
  applies: () => (useJobs().running === null ? 'No job runs' : true),
  run: () => {
    const { running, cancel } = useJobs();
    return running === null ? undefined : cancel(running.id);
  },
});
