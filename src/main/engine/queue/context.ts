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

  constructor(report: (p: JobProgress) => void) {
    this.#report = report;
  }

  step(name: string, total: number, unit: string): void {
    this.#step = { name, total, unit };
    this.#rate = 0;
    this.#lastDone = 0;
    this.#lastTime = performance.now();
    this.#measured = undefined;
    this.#send(0);
  }

  measured(what: Measured): void {
    this.#measured = what;
  }

  progress(done: number): void {
    const time = performance.now();
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
    this.#report({ step: name, done, total, unit, rate: this.#rate, left, ...measured });
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
