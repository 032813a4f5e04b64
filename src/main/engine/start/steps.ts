/** Where a library stands on the way from photos to a network that finds them again. */
import type { JobInfo } from '../../../shared/domain.ts';
import { JOBS } from '../../../shared/jobs/index.ts';
import type { PathStep, PathSteps, StepEstimate } from '../../../shared/facts/steps.ts';
import { isSearched } from '../environment/known-libraries.ts';
import { noteRate, readRates, type Rates } from '../environment/rates.ts';
import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { counts } from '../library/tables/counts.ts';
import { defaultNetworks } from '../network/default-network.ts';
import { listNetworks } from '../network/networks.ts';
import { DEFAULT_TRAINING } from '../training/presets.ts';

/** What of a library decides about its steps. */
export interface StepFacts {
  readonly photos: number;
  readonly clusters: number;
  readonly pairs: number;
  /** Folders of photos in which no places were found yet. */
  readonly loose: number;
  /** Places were looked for to the end. */
  readonly sought: boolean;
  /** Photos that the network in use has described. */
  readonly described: number;
  /** Numbers of one descriptor. */
  readonly dim: number;
  readonly runs: number;
  readonly decisions: number;
  readonly trained: number;
  /** Somebody has searched in it. */
  readonly searched: boolean;
  /** Epochs of a training with the defaults. */
  readonly epochs: number;
  readonly readOnly: boolean;
}

const many = (n: number, one: string, more = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : more}`;
const BYTES_OF_NUMBER = 4;
/**
 * Seconds of two cores, idle and busy ones, for what no job of this machine has told yet: a photo of a step or of the comparison of two networks,
 * or an epoch of a training with the defaults. Finding places is with COLMAP, which takes most of it.
 */
const TWO_CORES = {
  cluster: [1, 10],
  extract: [0.1, 0.5],
  mine: [0.01, 0.1],
  train: [60, 400],
  compare: [0.1, 1],
} as const;

/** The steps of a library. One definition: the row that pages show, what is proposed next and why something cannot be done are read from it. */
export function stepsOf(f: StepFacts, rates: Rates): PathSteps {
  const taking = (kind: keyof typeof TWO_CORES, units: number, bytes: number | null = null): StepEstimate => {
    const rate = rates[kind];
    const of = rate && rate.seconds / rate.units;
    const [fast, slow] = of === undefined ? TWO_CORES[kind] : [of, of];
    return { seconds: [fast * units, slow * units], bytes };
  };
  /** A training is done when its network has been compared with the default, for which it describes all photos. */
  const training = (): StepEstimate => {
    const [epochs, compared] = [taking('train', f.epochs).seconds, taking('compare', f.photos).seconds];
    return {
      seconds: [epochs[0] + compared[0], epochs[1] + compared[1]],
      bytes: null,
      includes: 'the comparison with the default',
    };
  };
  const left = f.photos - f.described;
  const step = (
    name: PathStep['name'],
    done: boolean,
    said: string,
    missing: string | undefined,
    estimate: StepEstimate | null = null,
  ): PathStep => ({
    name,
    state: done ? 'done' : missing === undefined ? 'possible' : 'blocked',
    why: done ? said : (missing ?? said),
    estimate: done ? null : estimate,
  });
  const noPhotos = f.photos === 0 ? 'There are no photos yet' : undefined;
  const writes = f.readOnly ? 'The library is open for reading' : undefined;
  const noPlaces = noPhotos ?? (f.clusters === 0 ? 'No places were found yet' : undefined);
  const steps: PathStep[] = [
    step('photos', f.photos > 0, f.photos > 0 ? many(f.photos, 'photo') : 'From a folder, or with 3D models', writes),
    step(
      'places',
      f.clusters > 0,
      f.clusters > 0 ? many(f.clusters, 'cluster') : 'Photos of one place are found and joined',
      noPhotos ??
        writes ??
        (f.sought
          ? 'None were found: more photos of the same places help'
          : f.loose === 0
            ? 'The folder of the photos is not known: choose it'
            : undefined),
      taking('cluster', f.photos),
    ),
    step(
      'describe',
      f.photos > 0 && left <= 0,
      left <= 0 ? many(f.described, 'photo') : `${many(left, 'photo')} not described yet`,
      noPhotos ?? writes,
      taking('extract', left, left * f.dim * BYTES_OF_NUMBER),
    ),
    step(
      'mine',
      f.runs > 0,
      f.runs > 0 ? many(f.runs, 'run') : 'Pairs that teach, and the hardest photos of other places',
      noPlaces ?? writes ?? (f.pairs === 0 ? 'No two photos share points' : undefined),
      taking('mine', f.photos),
    ),
    step(
      'look',
      f.decisions > 0,
      f.decisions > 0 ? many(f.decisions, 'decision') : 'Are the pairs right? A few looks are enough',
      f.runs === 0 ? 'Nothing was mined yet' : writes,
    ),
    step(
      'train',
      f.trained > 0,
      f.trained > 0 ? many(f.trained, 'trained network') : 'A network learns from the pairs',
      noPlaces ?? writes ?? (f.pairs === 0 ? 'No two photos share points' : undefined),
      training(),
    ),
    step(
      'search',
      f.searched,
      f.searched ? 'Photos were searched for' : 'With a photo, a part of it, or a drawing',
      noPhotos ?? (f.described === 0 ? 'No photo is described yet' : undefined),
    ),
  ];
  const next = steps.find((s) => s.state === 'possible');
  return { steps, next: next?.name ?? null };
}

/** What a library has of each step. */
export function stepFacts(library: Library): StepFacts {
  const { photos, clusters, pairs, given } = counts(library);
  const count = (sql: string): number => select(library.db, sql, integer).one();
  const id = defaultNetworks(library).find((d) => d.takes === 'photos')?.network;
  const network = listNetworks(library).find((n) => n.id === id);
  const own =
    id === undefined
      ? 0
      : select(
          library.db,
          'SELECT COALESCE(MAX(s.rows), 0) FROM descriptor_set s JOIN network n ON n.id = s.network_id WHERE n.uid = ?',
          integer,
        ).one(id);
  return {
    photos,
    clusters,
    pairs: pairs + given,
    loose: looseFolders(library).length,
    sought: count("SELECT EXISTS (SELECT 1 FROM job WHERE kind = 'cluster' AND state = 'done')") === 1,
    described: Math.min(photos, own),
    dim: network?.dim ?? 0,
    runs: count('SELECT COUNT(*) FROM mining_run WHERE training_id IS NULL'),
    decisions: count('SELECT COUNT(*) FROM verdict'),
    trained: count('SELECT COUNT(*) FROM training_run WHERE result_id IS NOT NULL'),
    searched: isSearched(library.path),
    epochs: DEFAULT_TRAINING.epochs,
    readOnly: library.readOnly !== undefined,
  };
}

/** Folders of photos that were imported without models, and in which no places were found. */
export function looseFolders(library: Library): readonly string[] {
  return select(
    library.db,
    `SELECT s.root AS root, s.images AS images FROM scene s
     WHERE NOT EXISTS (SELECT 1 FROM cluster_all c WHERE c.scene_id = s.id)
       AND EXISTS (SELECT 1 FROM photo_file f WHERE f.scene_id = s.id) ORDER BY s.id`,
    record({ root: text, images: text }),
  )
    .all()
    .map((s) => s.root);
}

/** The steps of the open library, with what they took before on this machine. */
export function librarySteps(library: Library): PathSteps {
  return stepsOf(stepFacts(library), readRates());
}

/** Notes how fast a job was, for the estimates of those that follow. */
export function noteJobRate(job: JobInfo, photos: number): void {
  if (job.state !== 'done' || job.started === null || job.finished === null) return;
  const seconds = (Date.parse(job.finished) - Date.parse(job.started)) / 1000;
  const extracted = job.kind === 'extract' ? JOBS.extract.result.safeParse(job.result).data : undefined;
  const trained = job.kind === 'train' ? JOBS.train.result.safeParse(job.result).data : undefined;
  if (extracted !== undefined) noteRate('extract', extracted.computed, seconds);
  else if (trained !== undefined) {
    const { epochs, comparing = 0 } = trained;
    noteRate('train', epochs.length, seconds - comparing);
    noteRate('compare', photos, comparing);
  } else if (job.kind === 'cluster' || job.kind === 'mine') noteRate(job.kind, photos, seconds);
}
