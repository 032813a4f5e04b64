import type { EngineEvent } from '../../shared/contract.ts';

type Listener = (event: EngineEvent) => void;
const listeners = new Set<Listener>();

/** Hands an event of the engine to everyone who listens. */
export function tell(event: EngineEvent): void {
  for (const l of listeners) l(event);
}

/** @returns what stops the listening. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
