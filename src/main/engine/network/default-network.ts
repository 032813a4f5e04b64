/** Which network is taken where nobody names one. It changes by a person's word, or where a measurement says that another is better. */
import type { DefaultNetwork } from '../../../shared/facts/networks.ts';
import { CovisError } from '../../../shared/errors.ts';
import { now, type Library } from '../library/library.ts';
import { oneOf, record, select, text } from '../library/rows.ts';
import { defaultOf, takesOf, type NetworkRow, type Takes } from './networks.ts';

const UNCHOSEN = 'no other was chosen or measured to be better';

/** The default networks of a library with the reason of each: of photos first, of edge maps where there is one. */
export function defaultNetworks(library: Library): DefaultNetwork[] {
  return (['photos', 'edges'] as const).flatMap((takes) => {
    const network = defaultOf(library, takes);
    if (network === undefined) return [];
    const said = select(
      library.db,
      'SELECT takes, created, reason FROM network_choice WHERE takes = ? ORDER BY id DESC LIMIT 1',
      record({ takes: oneOf<Takes>(['photos', 'edges']), created: text, reason: text }),
    ).get(takes);
    return [
      {
        takes,
        network: network.uid,
        name: network.spec.name,
        reason: said?.reason ?? UNCHOSEN,
        since: said?.created ?? null,
      },
    ];
  });
}

/** Notes which network of a kind is the default from now on, or stays it, and why. */
export function noteDefault(library: Library, network: NetworkRow, reason: string): void {
  library.db
    .prepare('INSERT INTO network_choice (created, takes, network_id, reason) VALUES (?, ?, ?, ?)')
    .run(now(), takesOf(network), network.id, reason);
}

/** A person's word. @throws CovisError `INPUT_INVALID` for a network that an experiment made. */
export function chooseDefault(library: Library, network: NetworkRow): DefaultNetwork {
  if (network.spec.experiment === true)
    throw new CovisError('INPUT_INVALID', `${network.spec.name} was made by an experiment, which lists leave out`, {
      hint: 'Train such a network outside an experiment to work with it.',
    });
  noteDefault(library, network, 'chosen by a person');
  return defaultNetworks(library).find((d) => d.takes === takesOf(network))!;
}
