import { Archive, Box, File, Folder, FolderLock, HardDrive, Images } from '@lucide/vue';

/** What a folder or file looks like, at a glance. */
export const ICONS = {
  library: HardDrive,
  backup: Archive,
  model: Box,
  photos: Images,
  folder: Folder,
  closed: FolderLock,
  file: File,
} as const;
