import { ABOUT_MACHINE, SHOW_LOG } from '../../shared/actions.ts';
import { useForms } from '../stores/forms.ts';
import { useLibrary } from '../stores/library.ts';
import { usePanels } from '../stores/panels.ts';
import { action, type Applies } from './action.ts';

const opened = (): Applies => (useLibrary().info === null ? 'No library is open' : true);
function withPhotos(): Applies {
  const { info, empty } = useLibrary();
  if (info === null) return 'No library is open';
  return empty ? 'The library has no photos yet' : true;
}

const common = { group: 'Tools', offered: ['palette', 'menu', 'toolbar'] } as const;
/** What asks how before it begins. */
const asking = { ...common, writes: true, applies: withPhotos } as const;

export const describePhotos = action({
  ...asking,
  id: 'describePhotos',
  label: 'Describe the photos…',
  run: () => useForms().open('extract'),
});

export const describeRegions = action({
  ...asking,
  id: 'describeRegions',
  label: 'Describe regions…',
  run: () => useForms().open('regions'),
});

export const importDescriptors = action({
  ...asking,
  id: 'importDescriptors',
  label: 'Import descriptors of another program…',
  run: () => useForms().open('vectors'),
});

export const learnWhitening = action({
  ...asking,
  id: 'learnWhitening',
  label: 'Learn a whitening…',
  run: () => useForms().open('whiten'),
});

export const exportDescriptors = action({
  ...common,
  applies: withPhotos,
  id: 'exportDescriptors',
  label: 'Export descriptors…',
  run: () => usePanels().export('descriptors'),
});

export const wholeLoop = action({
  ...asking,
  applies: opened,
  id: 'wholeLoop',
  label: 'Import, describe, mine and train in one go…',
  run: () => useForms().open('run'),
});

export const measureDrawings = action({
  ...asking,
  applies: opened,
  id: 'measureDrawings',
  label: 'Measure search by drawing…',
  run: () => useForms().open('sketches'),
});

export const convertModels = action({
  ...asking,
  applies: opened,
  id: 'convertModels',
  label: 'Convert models…',
  run: () => useForms().open('convert'),
});

export const edgeMaps = action({
  ...asking,
  applies: opened,
  id: 'edgeMaps',
  label: 'Edge maps of a folder…',
  run: () => useForms().open('edges'),
});

export const rankFiles = action({
  ...asking,
  applies: opened,
  id: 'rankFiles',
  label: 'Rank descriptors of files…',
  run: () => useForms().open('rank'),
});

export const indexFiles = action({
  ...asking,
  applies: opened,
  id: 'indexFiles',
  label: 'Index descriptors…',
  run: () => useForms().open('index-build'),
});

export const searchIndex = action({
  ...asking,
  applies: opened,
  id: 'searchIndex',
  label: 'Search an index…',
  run: () => useForms().open('index-search'),
});

export const aboutMachine = action({
  ...common,
  ...ABOUT_MACHINE,
  run: () => (usePanels().machine = true),
});

export const showLog = action({
  ...common,
  ...SHOW_LOG,
  run: () => (usePanels().log = true),
});
