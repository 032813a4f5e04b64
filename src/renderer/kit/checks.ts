/** What schemas are made of, by itself: whoever fetches this has it evaluated before the schemas. */
import { object } from 'zod';

export const made = object;
