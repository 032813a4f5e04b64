/** Checkpoints of runs that ended early, in one library: the newest so many are kept. */
export const CHECKPOINTS_KEPT = 10;
/** Megabytes of thumbnails that one library keeps. */
export const THUMBNAILS_MB = 4000;
