/** What a command tells its launcher (`scripts/engine-node.mjs`), which ends a command that does not hear a signal. */

let launched = false;
let finishing = false;

/** This process was started by a launcher that listens. */
export function noteLauncher(): void {
  launched = process.connected;
}

/**
 * While something is being finished the launcher waits for it, says so when it is asked to end the command, and ends it when it is asked once more.
 * @param what to follow "Finishing"; null when it is over.
 */
export function tellLauncher(what: string | null): void {
  finishing = what !== null;
  if (launched && process.connected) process.send?.({ finishing: what }, undefined, undefined, () => undefined);
}

/** Something is being finished. */
export function isFinishing(): boolean {
  return finishing;
}
