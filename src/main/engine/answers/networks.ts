import { networkRoutes } from '../../../shared/routes/networks.ts';
import { networkCatalogue } from '../network/catalogue.ts';
import { chooseDefault } from '../network/default-network.ts';
import { networkRow } from '../network/networks.ts';
import { mirrorPlace } from '../network/zoo.ts';
import { answers } from './answers.ts';

export const networks = answers(networkRoutes, {
  'networks.catalogue': () => ({ entries: networkCatalogue(), from: mirrorPlace() }),
  'networks.default': (engine, { network }) => {
    const chosen = chooseDefault(engine.library, networkRow(engine.library, network));
    engine.emit({ event: 'changed', what: 'networks' });
    return chosen;
  },
});
