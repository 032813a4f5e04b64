/** Before the first of the files: the studio is built once, however many of them ask for it at the same time, and there is a place for what they share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildStudio } from './serve.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder that goes after the last file. */
    sharedFolder: string;
  }
}

export function setup(project: TestProject): () => void {
  buildStudio();
  const folder = mkdtempSync(join(tmpdir(), 'covis-e2e-'));
  project.provide('sharedFolder', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
