import { CovisError } from '../../../shared/errors.ts';
import type { JobProgress } from '../../../shared/domain.ts';
import type { Measured } from '../../../shared/facts/jobs.ts';

/** What a long task is given: how to report, how to learn that it should stop. */
export interface TaskContext {
  /** Begins a step of `total` units (0 if not known). */
  step(name: string, total: number, unit: string): void;
  /** Says how many units of the step are done. */
  progress(done: number): void;
  /** Goes with what {@link progress} says next; for who watches. */
  measured?(what: Measured): void;
  /** What a stop leaves finished from now on, in sentences; it goes with all that is reported after. */
  keeps?(what: string): void;
  /**
   * From now on a stop is answered when something under way is finished, and what a stop leaves depends on that: what it is, to follow
   * "Finishing"; null when that is over. Whoever would end the process by force waits for it.
   */
  finishes?(what: string | null): void;
  /** Units of all steps after the next one, by unit, where the task knows them; for the time that is left in all. */
  ahead?(units: Readonly<Record<string, number>>): void;
  /** Notes something that went wrong with one item but did not stop the task. */
  warn(message: string): void;
  /** Tells faces that something they show has changed. */
  changed(what: string): void;
  /** @throws CovisError `CANCELLED` when the task was asked to stop. */
  check(): void;
}

const SMOOTHING = 0.3;
const REPORT_EVERY_MS = 100;

/** Measures rates and calls `report` at most ten times a second, and at every step's beginning and end. */
export class ProgressMeter {
  readonly #report: (p: JobProgress) => void;
  #step = { name: '', total: 0, unit: '' };
  #rate = 0;
  #lastDone = 0;
  #lastTime = 0;
  #reported = 0;
  #measured: Measured | undefined;
  #kept: string | undefined;
  #began = 0;
  #done = 0;
  #ahead: Readonly<Record<string, number>> | undefined;
  /** Seconds that a unit took in the last step that had it. */
  readonly #paces = new Map<string, number>();

  constructor(report: (p: JobProgress) => void) {
    this.#report = report;
  }

  step(name: string, total: number, unit: string): void {
    this.#paced();
    this.#step = { name, total, unit };
    this.#began = performance.now();
    this.#done = 0;
    this.#rate = 0;
    this.#lastDone = 0;
    this.#lastTime = performance.now();
    this.#measured = undefined;
    this.#send(0);
  }

  measured(what: Measured): void {
    this.#measured = what;
  }

  keeps(what: string): void {
    this.#kept = what;
  }

  ahead(units: Readonly<Record<string, number>>): void {
    this.#ahead = units;
  }

  progress(done: number): void {
    const time = performance.now();
    this.#done = done;
    const last = done === this.#step.total;
    if (!last && time - this.#reported < REPORT_EVERY_MS) return;
    const seconds = (time - this.#lastTime) / 1000;
    if (seconds > 0.05 && done > this.#lastDone) {
      const rate = (done - this.#lastDone) / seconds;
      this.#rate = this.#rate === 0 ? rate : this.#rate + SMOOTHING * (rate - this.#rate);
      this.#lastDone = done;
      this.#lastTime = time;
    }
    this.#send(done);
  }

  #send(done: number): void {
    this.#reported = performance.now();
    const { name, total, unit } = this.#step;
    const left = this.#rate > 0 && total > 0 ? (total - done) / this.#rate : null;
    const measured = this.#measured === undefined ? {} : { measured: this.#measured };
    const whole = this.#whole(left);
    const inAll = whole === undefined ? {} : { whole };
    const kept = this.#kept === undefined ? {} : { kept: this.#kept };
    this.#report({ step: name, done, total, unit, rate: this.#rate, left, ...inAll, ...kept, ...measured });
  }

  /** What the step that ends says of how long its units take. */
  #paced(): void {
    if (this.#done > 0) this.#paces.set(this.#step.unit, (performance.now() - this.#began) / 1000 / this.#done);
  }

  /** Seconds of this step and of all that come, at the pace of steps before; undefined until each has one. */
  #whole(left: number | null): number | undefined {
    if (this.#ahead === undefined) return undefined;
    const { total, unit } = this.#step;
    const own = this.#rate > 0 ? 1 / this.#rate : this.#paces.get(unit);
    const rest = total === 0 ? 0 : (left ?? (own === undefined ? undefined : (total - this.#done) * own));
    if (rest === undefined) return undefined;
    let sum = rest;
    for (const [u, n] of Object.entries(this.#ahead)) {
      if (n === 0) continue;
      const pace = this.#paces.get(u) ?? (u === unit ? own : undefined);
      if (pace === undefined) return undefined;
      sum += n * pace;
    }
    return sum;
  }
}

/** A context for code that nobody watches or stops. */
export function silentContext(warnings: string[] = []): TaskContext {
  return {
    step: () => undefined,
    progress: () => undefined,
    warn: (m) => warnings.push(m),
    changed: () => undefined,
    check: () => undefined,
  };
}

export function cancelled(): CovisError {
  return new CovisError('CANCELLED', 'Cancelled');
}
