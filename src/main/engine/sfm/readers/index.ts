import { bundler } from './bundler.ts';
import { colmapBin } from './colmap-bin.ts';
import { colmapTxt } from './colmap-txt.ts';
import { database } from './database.ts';
import { nerfstudio } from './nerfstudio.ts';
import { nvm } from './nvm.ts';
import { openmvg } from './openmvg.ts';
import { opensfm } from './opensfm.ts';
import type { ModelReader } from './reader.ts';

/** Formats of models, in the order of recognition. */
export const MODEL_READERS: readonly ModelReader[] = [
  colmapBin,
  colmapTxt,
  nvm,
  openmvg,
  opensfm,
  nerfstudio,
  bundler,
  database,
];
