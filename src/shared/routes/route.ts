import type { z } from 'zod';
import type { DeepReadonly } from '../facts/facts.ts';

/** Who may ask: pages, or the host alone (a dialog or the command line), which may name paths of this machine. */
export type Asker = 'page' | 'host';

/**
 * What a page may do with a request whose answer was lost with the connection. `safe`: ask again, for asking twice is as asking once.
 * `once`: send it again under the same `once` in its parameters, by which the engine knows it and answers as it did before.
 */
export type Repeat = 'safe' | 'once';

/** One thing that the engine can be asked: what it takes, what it answers, who may ask. `engine/answers` answers it. */
export interface RouteDefinition<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  readonly who: Asker;
  readonly params: P;
  readonly result: R;
  /** Left out: only the person may ask again. */
  readonly repeat?: Repeat;
}

/** Routes by name. */
export type Routes = Readonly<Record<string, RouteDefinition>>;

/** Defines a route. */
export function route<P extends z.ZodType, R extends z.ZodType>(
  definition: RouteDefinition<P, R>,
): RouteDefinition<P, R> {
  return definition;
}

/** What may be sent. */
export type GivenTo<R extends RouteDefinition> = DeepReadonly<z.input<R['params']>>;
/** What the one who answers gets: checked, with defaults. */
export type AskedOf<R extends RouteDefinition> = DeepReadonly<z.output<R['params']>>;
/** What is answered. */
export type AnswerOf<R extends RouteDefinition> = DeepReadonly<z.output<R['result']>>;
