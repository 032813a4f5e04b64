/** The command line: every job of the studio as a command. */
import { CommanderError } from 'commander';
import { onDamage, sentenceOf } from '../engine/environment/kept-file.ts';
import { beVerbose, logger, logUncaught } from '../engine/environment/log.ts';
import { endWithLauncher } from '../engine/environment/parent.ts';
import { limitThreads, threadsGiven } from '../engine/environment/threads.ts';
import { onSwept } from '../engine/library/sweep.ts';
import { onWaiting } from '../engine/library/turns.ts';
import { commands } from './commands/index.ts';
import { program } from './program/command.ts';
import { fail, watchOutput } from './program/output.ts';

if (process.argv.includes('--verbose')) beVerbose();
limitThreads(process.argv);
logUncaught(logger('cli'));
onWaiting((text) => process.stderr.write(`covis: ${text}\n`));
watchOutput();
endWithLauncher();
onDamage((damage) => process.stderr.write(`covis: ${sentenceOf(damage)}\n`));
onSwept((line) => process.stderr.write(`covis: ${line}\n`));

try {
  // Said before anything is begun.
  threadsGiven();
  const words = process.argv.slice(2);
  const first = words.find((word) => !word.startsWith('-'));
  const versionAlone = first === undefined && words.some((word) => word === '--version' || word === '-V');
  await program(versionAlone ? [] : await commands(first)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else fail(process.argv.includes('--json'), error);
}
