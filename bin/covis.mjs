#!/usr/bin/env node
/** Starts the command line on the engine's own Node (see scripts/engine-node.mjs), whatever the system's Node is. */
import { join } from 'node:path';
import { runOnEngineNode } from '../scripts/engine-node.mjs';

/** Milliseconds after Ctrl C in which a command may end by itself. */
const GRACE = 1500;

runOnEngineNode(
  join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', 'src', 'main', 'cli', 'index.ts'),
  process.argv.slice(2),
  { grace: GRACE },
);
