import type { JobGiven } from '../../../shared/jobs/index.ts';

type Backbone = JobGiven<'network'>['backbone'];

/** What a person says of a backbone that is brought, besides which one and how it is pooled. */
export type BackboneSaid = Pick<Backbone, 'output' | 'tokens' | 'pixels' | 'name'> & Required<Pick<Backbone, 'fit'>>;
