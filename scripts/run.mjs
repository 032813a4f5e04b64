/** `node scripts/run.mjs SCRIPT [ARGUMENTS...]`: runs a script on the engine's Node. */
import { runOnEngineNode } from './engine-node.mjs';

const [script, ...args] = process.argv.slice(2);
runOnEngineNode(script, args);
