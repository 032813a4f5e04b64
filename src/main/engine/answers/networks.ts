import { networkRoutes } from '../../../shared/routes/networks.ts';
import { networkCatalogue } from '../network/catalogue.ts';
import { mirrorPlace } from '../network/zoo.ts';
import { answers } from './answers.ts';

export const networks = answers(networkRoutes, {
  'networks.catalogue': () => ({ entries: networkCatalogue(), from: mirrorPlace() }),
});
