import { Command } from 'commander';
import { z } from 'zod';
import { THREADS } from '../../../shared/fields.ts';
import { check, leavesOf, unwrap } from '../../../shared/schema.ts';
import type { Backend, Precision } from '../../../shared/facts/backends.ts';
import { VERSION } from '../../engine/environment/version.ts';
import { computing } from '../../engine/network/computing.ts';
import { flagNames, kebab, nested, optionsOf } from './flags.ts';
import { fail } from './output.ts';

/** What every command can be told. */
const common = z.strictObject({
  json: z.boolean().default(false).meta({ help: 'print one JSON object on standard output' }),
  /** Read before anything else (cli/index.ts). */
  threads: THREADS.optional().meta({
    help: 'threads that work may take',
    otherwise: 'COVIS_THREADS, SLURM_CPUS_PER_TASK, else what the system allows',
  }),
  /** Read before anything else (cli/index.ts). */
  verbose: z.boolean().default(false).meta({ help: 'write the log to standard error, too' }),
});

/** A command: its name (two words for one below another), its arguments in order, its options, and what it does. */
export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  readonly arguments: z.ZodObject;
  readonly options: z.ZodObject;
  /**
   * Checks what was typed and does it.
   * @throws CovisError `INPUT_INVALID` naming an option and what it takes.
   */
  run(words: Readonly<Record<string, unknown>>, options: Readonly<Record<string, unknown>>): Promise<void>;
}

type Empty = Record<never, never>;

/** What a command is given: its arguments and options as its schemas say. */
export type Asked<A extends z.ZodRawShape, O extends z.ZodRawShape> = z.output<z.ZodObject<A>> &
  z.output<z.ZodObject<O>> &
  Pick<z.output<typeof common>, 'json'>;

/**
 * Defines a command. Options, `--help` and checks follow from the schemas: `minShared` is `--min-shared`, a switch that is on by default is
 * turned off by `--no-…`, lists take commas.
 */
export function command<A extends z.ZodRawShape = Empty, O extends z.ZodRawShape = Empty>(d: {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: A;
  readonly options?: O;
  readonly run: (asked: Asked<A, O>) => unknown;
}): CommandDefinition {
  const words = z.strictObject(d.arguments ?? ({} as A));
  const options = z.strictObject({ ...(d.options ?? ({} as O)), ...common.shape });
  return {
    name: d.name,
    summary: d.summary,
    arguments: words,
    options,
    run: async (typedWords, typedOptions) => {
      const a = check(words, typedWords, (path) => `<${kebab(path[0] ?? '')}>`);
      const o = check(options, nested(options, typedOptions), flagNames(options));
      // They were heeded when the program began, and are no command's own.
      delete (o as { verbose?: boolean }).verbose;
      delete (o as { threads?: number }).threads;
      const { backend, precision } = o as {
        readonly backend?: Backend | undefined;
        readonly precision?: Precision | undefined;
      };
      await computing(backend, () => d.run({ ...a, ...o } as Asked<A, O>), precision);
    },
  };
}

/** Commander's way to write an argument: `<library>`, `[library]`, `<source...>`. */
function argumentOf(name: string, schema: z.ZodType): string {
  const { inner, required } = unwrap(schema);
  const text = `${kebab(name)}${inner instanceof z.ZodArray ? '...' : ''}`;
  return required ? `<${text}>` : `[${text}]`;
}

/** The command line of some commands. Errors are written and set the exit code; only commander's own are thrown. */
export function program(commands: readonly CommandDefinition[], argv: readonly string[] = process.argv): Command {
  const root = new Command('covis')
    .description(
      'Train image retrieval without annotation: photos and the 3D models built of them are the only supervision.',
    )
    .version(VERSION)
    .showHelpAfterError('(covis COMMAND --help tells more)')
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .enablePositionalOptions()
    .exitOverride();
  for (const d of commands) add(root, d, argv);
  return root;
}

function add(root: Command, d: CommandDefinition, argv: readonly string[]): void {
  const path = d.name.split(' ');
  const parent = path.slice(0, -1).reduce((c, word) => c.commands.find((k) => k.name() === word)!, root);
  const c = parent.command(path.at(-1)!).description(d.summary).enablePositionalOptions().exitOverride();
  const names = Object.keys(d.arguments.shape);
  for (const leaf of leavesOf(d.arguments)) {
    const name = leaf.path[0]!;
    c.argument(argumentOf(name, d.arguments.shape[name] as z.ZodType), leaf.meta.help);
  }
  // Making hundreds of options of commands that nobody named would be a third of what the definitions cost at the start.
  if (argv.includes(path.at(-1)!)) for (const option of optionsOf(d.options)) c.addOption(option);
  c.action(async (...all: unknown[]) => {
    const self = all.at(-1) as Command;
    // What is said before a command's second word counts for it, too.
    const options = { ...self.optsWithGlobals(), ...self.opts() };
    const words = Object.fromEntries(names.flatMap((n, i) => (all[i] === undefined ? [] : [[n, all[i]]])));
    try {
      await d.run(words, options);
    } catch (error) {
      fail(options['json'] === true, error);
    }
  });
}
