import { existsSync } from 'node:fs';
import { vectorsJob } from '../../../shared/jobs/vectors.ts';
import { readNames } from '../evaluation/ground-truth-files.ts';
import { importVectors } from '../retrieval/import-vectors.ts';
import { work } from './work.ts';

/** A list of names beside a file of descriptors. */
function listBeside(file: string): string | undefined {
  const beside = file.replace(/\.[^.]*$/, '.txt');
  return beside !== file && existsSync(beside) ? beside : undefined;
}

export const vectorsWork = work(vectorsJob, (library, { names, namesFile, ...rest }, task) => {
  const list = namesFile ?? listBeside(rest.file);
  return importVectors(library, { ...rest, names: names ?? (list === undefined ? undefined : readNames(list)) }, task);
});
