#!/usr/bin/env node
/** Starts the command line on the engine's own Node (see scripts/engine-node.mjs), whatever the system's Node is. */
import { engineFile, runOnEngineNode } from '../scripts/engine-node.mjs';

/** Milliseconds after Ctrl C in which a command may end by itself. */
const GRACE = 1500;

runOnEngineNode(engineFile('main/cli/index'), process.argv.slice(2), { grace: GRACE });
