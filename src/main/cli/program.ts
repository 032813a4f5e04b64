/** The program that commands are added to, and what all of them share. */
import { Command } from 'commander';
import { Library } from '../engine/library/library.ts';
import { ensureDefaultNetwork } from '../engine/network/networks.ts';
import { VERSION } from '../engine/environment/version.ts';
import { fail, numberOption } from './output.ts';

export const program = new Command('covis')
  .description(
    'Train image retrieval without annotation: photos and the 3D models built of them are the only supervision.',
  )
  .version(VERSION)
  .showHelpAfterError('(covis COMMAND --help tells more)')
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride();

interface Json {
  readonly json?: boolean;
}

/** Options as commander hands them over. */
export type Options = Json & Record<string, string | number | boolean | undefined>;

export function withLibrary<T>(path: string, create: boolean, work: (library: Library) => Promise<T> | T): Promise<T> {
  const library = create ? Library.create(path) : Library.open(path);
  ensureDefaultNetwork(library);
  return Promise.resolve(work(library)).finally(() => library.close());
}

/** An option that takes a number. */
export const number = (c: Command, flag: string, text: string): Command =>
  c.option(`${flag} <n>`, text, numberOption(flag));

export function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print one JSON object on standard output')
    .exitOverride();
}

export function action<A extends unknown[]>(c: Command, work: (options: Options, ...args: A) => Promise<void>): void {
  c.action(async (...all: unknown[]) => {
    const options = all.at(-2) as Options;
    try {
      await work(options, ...(all.slice(0, -2) as A));
    } catch (error) {
      fail(options.json === true, error);
    }
  });
}
