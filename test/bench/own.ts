/**
 * Own collection, by geometry and by label: every photo asks all others with the network that search takes, of a library whose files lie in a folder
 * for each label. `node test/bench/own.ts LIBRARY [--network NAME] [--size 320]`. Of a network that has learned here this is memory, and is meant to be.
 */
import { parseArgs } from 'node:util';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, drawFold } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { resolveNetwork } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract } from '../../src/main/engine/retrieval/extract.ts';
import { byLabel } from './by-label.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { network: { type: 'string' }, size: { type: 'string', default: '320' } },
});
const [path] = positionals;
if (path === undefined) throw new Error('Name a library: node test/bench/own.ts LIBRARY');
const library = Library.open(path);
const g = libraryGeometry(library);
const network = await resolveNetwork(library, values.network, 'default');
const set = await extract(library, network, Number(values.size), silentContext());
const { asking } = drawFold(g, { protocol: 'own', parts: 1, seed: 0 }, 0);
console.log(`${network.spec.name}, ${values.size} px, ${asking.length} of ${g.ids.length} photos ask`);
for (const [by, of] of [
  ['geometry', g],
  ['label', byLabel(library, g)],
] as const) {
  const answers = ask(of, asking, described(of, set));
  const { mean, low, high } = overPlaces(
    answers.map((a) => ({ value: a.ap, place: of.group[a.query]!, fold: 0, weight: a.weight })),
  );
  console.log(`by ${by}: ${mean.toFixed(3)} [${low?.toFixed(3) ?? ''}, ${high?.toFixed(3) ?? ''}]`);
}
library.close();
