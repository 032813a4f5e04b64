/** What is there before a library is: folders that a page may choose, libraries that were open, the sample. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { id } from '../fields.ts';

/** What a folder looks like, by the names in it alone. `closed`: this account may not look into it. */
export const FOLDER_KINDS = ['library', 'backup', 'model', 'photos', 'folder', 'closed', 'file'] as const;

/** A folder, or a file, as a page knows it: by an opaque id. Its path is for people to read, never sent back. */
export const folderEntry = z.object({
  id,
  name: z.string(),
  path: z.string(),
  kind: z.enum(FOLDER_KINDS),
  /** Photos that lie in the folder itself; null where nobody has counted. */
  photos: count.nullable(),
  /** There may be more photos than were counted. */
  more: z.boolean(),
  /** Photos in the folders below it, as far as there was time to count; missing where nobody has. */
  below: z.exactOptional(count),
  /** Images that Covis does not read, by kind, as HEIC: in the folder and, where those are counted, below; missing where there are none. */
  unread: z.exactOptional(z.array(z.object({ kind: z.string(), count }))),
  /** Of a file. */
  bytes: z.exactOptional(count),
});
export type FolderEntry = Facts<typeof folderEntry>;

export const folderListing = z.object({
  /** The folder that is listed; null for the list of all folders that one may begin with. */
  here: folderEntry.nullable(),
  /** The folders above it, the outermost first, as far as they may be chosen. */
  above: z.array(folderEntry),
  folders: z.array(folderEntry),
  /** Files of the kinds that were asked for. */
  files: z.array(folderEntry),
  /** Files of these kinds and of this name that are not listed, since there are too many. */
  leftFiles: count,
  /** Folders of this name that are not listed, since there are too many. */
  left: count,
  /** Links that lead out of the folders that may be chosen. */
  outside: count,
  /** So much lies in it that not everything was looked at. */
  huge: z.boolean(),
});
export type FolderListing = Facts<typeof folderListing>;

export const recentLibrary = z.object({
  id,
  name: z.string(),
  path: z.string(),
  /** When it was opened last. */
  opened: z.string(),
  /** It is no longer where it was. */
  gone: z.boolean(),
  /** As it was when it was open last; null where that was never noted. */
  photos: count.nullable(),
  clusters: count.nullable(),
  /** Of its folder on the disk; null while it is gone, and where there is too much to look at. */
  bytes: count.nullable(),
  /** Photos of it that can be shown: `recent/<id>/0` and on. */
  pictures: count,
});
export type RecentLibrary = Facts<typeof recentLibrary>;

export const startOverview = z.object({
  recent: z.array(recentLibrary),
  sample: z.object({
    /** It was copied before. */
    there: z.boolean(),
    photos: count,
    places: count,
    bytes: count,
    /** Where it lies, or will lie. */
    path: z.string(),
  }),
  /** Files beside the settings that could not be read in full. */
  damaged: z.array(
    z.object({
      file: z.string(),
      /** The end of a sentence that begins with the file. */
      why: z.string(),
      /** Where it is kept since it was written anew; null while it lies in its place. */
      keptAs: z.string().nullable(),
    }),
  ),
  /** Where pages may choose folders; empty where only a dialog of the desktop may. */
  roots: z.array(folderEntry),
});
export type StartOverview = Facts<typeof startOverview>;
