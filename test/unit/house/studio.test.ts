import { describe, expect, it } from 'vitest';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { flagOf } from '../../../src/main/cli/program/flags.ts';
import { FORMS } from '../../../src/renderer/views/start/forms.ts';
import { ROUTES, ROUTE_NAMES } from '../../../src/shared/routes/index.ts';
import { leavesOf, type Leaf } from '../../../src/shared/schema.ts';
import { ask, callsRoute, form, nowhere, opensForm, view, type Place } from '../../support/studio-place.ts';
import { COMMON, PLACES } from '../../support/studio-places.ts';

const COMMANDS = await commands();

/** Everything that a command can be told, by its name on the command line. */
function saidTo({ arguments: words, options }: (typeof COMMANDS)[number]): ReadonlyMap<string, Leaf> {
  return new Map([
    ...leavesOf(words).map((l) => [`<${l.path.join('.')}>`, l] as const),
    ...leavesOf(options).map((l) => [flagOf(l), l] as const),
  ]);
}

const LEAF = { path: ['nothing'] } as unknown as Leaf;

describe('what commands can do, the studio can do', () => {
  it.each(COMMANDS.map((c) => [c.name, c] as const))('%s: every option has its place, or a reason', (name, command) => {
    const { form: kind, otherwise, options = {} } = PLACES[name] ?? {};
    const wrong: string[] = [];
    const said = saidTo(command);
    for (const [option, leaf] of said) {
      const place: Place | undefined =
        options[option] ?? COMMON[option] ?? otherwise ?? (kind === undefined ? undefined : form(kind));
      const why = place === undefined ? 'it has no place in test/support/studio-places.ts' : place(leaf);
      if (why !== undefined) wrong.push(`${option}: ${why}`);
    }
    for (const option of Object.keys(options)) if (!said.has(option)) wrong.push(`${option} is no option any more`);
    expect(wrong).toEqual([]);
  });

  it('knows no command that is none', () => {
    const names = new Set(COMMANDS.map((c) => c.name));
    expect(Object.keys(PLACES).filter((name) => !names.has(name))).toEqual([]);
  });

  it('sees what is not there: fields, texts, routes, parameters, reasons', () => {
    expect(form('extract')(LEAF)).toContain('shows no nothing');
    expect(form('extract', 'size')(LEAF)).toBeUndefined();
    // A field that is hidden is none.
    expect(form('adapt', 'undo')(LEAF)).toContain('shows no undo');
    expect(view('views/train/TrainForm.vue', 'no such text')(LEAF)).toContain('has no');
    expect(view('views/none.vue', 'x')(LEAF)).toContain('there is no');
    expect(ask('start.chosen')(LEAF)).toContain('not for pages');
    expect(ask('search.run', 'nothing')(LEAF)).toContain('takes no nothing');
    expect(nowhere('no')(LEAF)).toContain('no reason');
  });

  it('has something that opens each form', () => {
    const without = Object.keys(FORMS).filter((kind) => !opensForm(kind));
    expect(without).toEqual([]);
  });

  it('has no route for pages that no page asks', () => {
    expect(ROUTE_NAMES.filter((r) => ROUTES[r].who === 'page' && !callsRoute(r))).toEqual([]);
  });
});
