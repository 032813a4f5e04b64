import { DEFINITIONS, METHODS, PARAMETERS, SEARCH_METHODS } from '../../shared/methods/index.ts';

/**
 * What the page has to know of each way to search before there is a form of it, in the order of lists. The built page has this as it comes out here
 * (electron.vite.config.ts), without the schemas of what methods read.
 */
export const METHOD_FACTS = SEARCH_METHODS.map((name) => ({
  name,
  title: DEFINITIONS[name].title as string,
  takes: DEFINITIONS[name].takes as 'global' | 'both',
  /** It ranks descriptors, and not photos by something else. */
  ranks: (METHODS as readonly string[]).includes(name),
  /** Something has to be done with all descriptors before the first search. */
  prepares: DEFINITIONS[name].prepares === true,
  reads: PARAMETERS.filter((p) => Object.hasOwn(DEFINITIONS[name].params.shape, p)),
}));

/** Names of all parameters, in the order of forms. */
export const PARAMETER_NAMES = [...PARAMETERS];
