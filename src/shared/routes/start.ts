import { z } from 'zod';
import { libraryInfo } from '../facts/library.ts';
import { count } from '../facts/facts.ts';
import { folderEntry, folderListing, startOverview } from '../facts/start.ts';
import { pathSteps } from '../facts/steps.ts';
import { id, libraryName, none, path } from '../fields.ts';
import { FILE_PURPOSES, type FilePurpose } from '../facts/desktop.ts';
import { machineReport } from '../facts/machine.ts';
import { EXPORT_FORMATS } from '../exports/index.ts';
import { backupJob } from '../jobs/backup.ts';
import { exportJob } from '../jobs/export.ts';
import { importJob } from '../jobs/import.ts';
import { chosenJobSchema, downloadedJobSchema } from '../jobs/started.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

/** What a page may say of an export besides its format, as far as that takes it. */
export const EXPORT_OPTIONS = {
  run: true,
  seed: true,
  photos: true,
  pairsPerQuery: true,
  mining: true,
  size: true,
  collection: true,
} as const;

/** Jobs of the open library are stopped; without it nothing is opened or closed while one runs. */
const stopJobs = z.boolean().default(false);

/**
 * What there is before a library is open. Pages name folders by ids of those that were listed to them, of libraries that were open before, or
 * of what a person chose in a dialog of the desktop; what they say of a new folder is one name.
 */
export const startRoutes = {
  'start.overview': route({ who: 'page', repeat: 'safe', params: none, result: startOverview }),
  /** What runs or waits in the open library and would be stopped, by its titles. */
  'start.leaving': route({ who: 'page', repeat: 'safe', params: none, result: z.array(z.string()) }),
  'start.folders': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      folder: id.optional(),
      find: z.string().max(100).default(''),
      /** What files are listed for, too. */
      files: z.enum(FILE_PURPOSES as [FilePurpose, ...FilePurpose[]]).optional(),
    }),
    result: folderListing,
  }),
  /** Opens the library in a folder. */
  'start.open': route({ who: 'page', params: z.strictObject({ folder: id, stopJobs }), result: libraryInfo }),
  /** Makes a library in a new folder within one, and opens it. */
  'start.create': route({
    who: 'page',
    params: z.strictObject({ within: id, name: libraryName, stopJobs }),
    result: libraryInfo,
  }),
  'start.close': route({ who: 'page', params: z.strictObject({ stopJobs }), result: z.null() }),
  /** Takes a library out of the list of those that were open; nothing is removed from the disk but its pictures in the list. */
  'start.forget': route({ who: 'page', repeat: 'safe', params: z.strictObject({ library: id }), result: z.null() }),
  /** Opens a library that was moved, in place of the one in the list that is gone; `stays`: that one stays in the list, for this may be another. */
  'start.locate': route({
    who: 'page',
    params: z.strictObject({ library: id, folder: id, stopJobs }),
    result: libraryInfo.extend({ stays: z.boolean() }),
  }),
  /** Copies the sample to the person's own folder where it is not there yet, and opens it; the job that imports it, if it has to be. */
  'start.sample': route({
    who: 'page',
    params: z.strictObject({ stopJobs }),
    result: z.object({ library: libraryInfo, job: startedJob.shape.job.nullable() }),
  }),
  /** Imports folders that were chosen into the open library. */
  'start.import': route({
    who: 'page',
    params: z.strictObject({
      folders: z.array(id).min(1).max(100),
      images: id.optional(),
      ...importJob.params.pick({ dryRun: true, keepBoth: true, skipDamaged: true }).shape,
    }),
    result: startedJob,
  }),
  /**
   * Starts a job with what was chosen, by its id, wherever it takes a path. What it writes is new, within the folder that was chosen for it.
   * `path`: where, for people; null for a job that writes nowhere but in the library.
   */
  'start.job': route({
    who: 'page',
    params: z.strictObject({ job: chosenJobSchema }),
    result: startedJob.extend({ path: z.string().nullable() }),
  }),
  /** As `start.job`, of one that writes for other tools: a page then downloads it, once, as `asset/download/<id>`, when the job is done. */
  'start.download': route({
    who: 'page',
    params: z.strictObject({ job: downloadedJobSchema }),
    result: startedJob.extend({ download: id }),
  }),
  /**
   * Makes a library of a backup that was chosen, in a new folder within one, once every file of it was verified, and opens it. How far it is
   * comes as events; `start.stopRestoring` ends it, and nothing is left.
   */
  'start.restore': route({
    who: 'page',
    params: z.strictObject({ backup: id, within: id, name: libraryName, stopJobs }),
    result: z.object({
      library: libraryInfo,
      files: count,
      bytes: count,
      created: z.string(),
      without: z.array(z.string()),
    }),
  }),
  'start.stopRestoring': route({ who: 'page', repeat: 'safe', params: none, result: z.null() }),
  /** Writes for another tool into a new folder, or as a new file, within a folder that was chosen. `path`: where, for people. */
  'start.export': route({
    who: 'page',
    params: z.strictObject({
      folder: id,
      format: z.enum(EXPORT_FORMATS),
      network: id.optional(),
      ...exportJob.params.pick(EXPORT_OPTIONS).shape,
    }),
    result: startedJob.extend({ path: z.string() }),
  }),
  /** What the machine has, and how to get what it lacks. Takes seconds: every back end is tried. */
  'start.machine': route({ who: 'page', repeat: 'safe', params: none, result: machineReport }),
  /**
   * Where a backup of the open library goes for a folder that was chosen: that itself, where it is empty or a backup, else a new one within
   * it. `replaces`: what is there that only `force` replaces, as a sentence; null where that is nothing.
   */
  'start.backupPlace': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ folder: id }),
    result: z.object({ path: z.string(), replaces: z.string().nullable() }),
  }),
  /** Backs the open library up into the place of a folder that was chosen. `path`: where, for people. */
  'start.backup': route({
    who: 'page',
    params: z.strictObject({ folder: id, ...backupJob.params.pick({ without: true, force: true }).shape }),
    result: startedJob.extend({ path: z.string() }),
  }),
  /** Where the open library stands on the way from photos to search. */
  'start.steps': route({ who: 'page', repeat: 'safe', params: none, result: pathSteps }),
  /** Finds the places in the folders of photos that were imported without models. */
  'start.places': route({ who: 'page', params: none, result: z.object({ jobs: z.array(startedJob.shape.job) }) }),
  /** Lets pages choose what a person chose in a dialog, or dropped. */
  'start.chosen': route({
    who: 'host',
    params: z.strictObject({ paths: z.array(path).min(1).max(100) }),
    result: z.array(folderEntry),
  }),
  /** Libraries that were open before this list was kept. */
  'start.known': route({ who: 'host', params: z.strictObject({ paths: z.array(path).max(100) }), result: z.null() }),
};
