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

export const appendLayer = action({
  ...asking,
  applies: opened,
  id: 'appendLayer',
  label: 'Append a linear layer…',
  run: () => useForms().open('project', useLibrary().withNetwork),
});

export const exportNetwork = action({
  ...asking,
  applies: opened,
  id: 'exportNetwork',
  label: 'Export a network…',
  run: () => useForms().open('network-export', useLibrary().withNetwork),
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

export const measureNetwork = action({
  ...asking,
  id: 'measureNetwork',
  label: 'Measure the network…',
  run: () => useForms().open('evaluate'),
});

export const measureRanking = action({
  ...asking,
  applies: opened,
  id: 'measureRanking',
  label: 'Measure a ranking of a file…',
  run: () => useForms().open('evaluate-ranks'),
});

export const measureClasses = action({
  ...asking,
  applies: opened,
  id: 'measureClasses',
  label: 'Measure on a folder of classes…',
  run: () => useForms().open('evaluate-classes'),
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

export const describeFolder = action({
  ...asking,
  applies: opened,
  id: 'describeFolder',
  label: 'Describe a folder…',
  run: () => useForms().open('extract-folder'),
});

export const mineFile = action({
  ...asking,
  applies: opened,
  id: 'mineFile',
  label: 'Mine descriptors of a file…',
  run: () => useForms().open('mine-descriptors'),
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

export const descriptorSets = action({
  ...common,
  applies: withPhotos,
  id: 'descriptorSets',
  label: 'Descriptor sets…',
  run: () => (usePanels().sets = true),
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
