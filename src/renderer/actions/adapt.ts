import { useJobs } from '../stores/jobs.ts';
import { usePlace } from '../stores/place.ts';
import { action } from './action.ts';
import { extract } from './jobs.ts';

/** Starts it and goes where one sees what comes of it. */
export const adaptToPhotos = action({
  id: 'adaptToPhotos',
  label: 'Adapt to my photos',
  group: 'Jobs',
  offered: ['palette', 'toolbar'],
  undoneBy: 'cancelJob',
  applies: () => (useJobs().going('adapt') === null ? extract.applies() : 'It is at work already'),
  run: () => {
    usePlace().go({ name: 'adapt' });
    return useJobs().start({ kind: 'adapt' });
  },
});

export const undoAdapt = action({
  id: 'undoAdapt',
  label: 'Undo adapting: search as before',
  group: 'Jobs',
  offered: ['palette', 'toolbar'],
  undoneBy: 'cancelJob',
  applies: () => (useJobs().going('adapt') === null ? extract.applies() : 'It is at work'),
  run: () => useJobs().start({ kind: 'adapt', undo: true }),
});
