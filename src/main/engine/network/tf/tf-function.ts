import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, Made } from './binding.ts';
import { callNames, functionFile, TAG, type CallNames, type FunctionParts } from './function-def.ts';

/** A function of TensorFlow's, which it runs with one call. Close it when done. */
export class TfFunction {
  readonly #backend: Backend;
  readonly #model: number;
  readonly #names: CallNames;

  private constructor(backend: Backend, model: number, names: CallNames) {
    this.#backend = backend;
    this.#model = model;
    this.#names = names;
  }

  /** Undefined where something in it cannot be written, or TensorFlow does not take it. */
  static of(backend: Backend, parts: FunctionParts): TfFunction | undefined {
    const file = functionFile(backend.binding, parts);
    if (file === undefined) return undefined;
    let folder: string | undefined;
    try {
      folder = mkdtempSync(join(tmpdir(), 'covis-tf-'));
      writeFileSync(join(folder, 'saved_model.pb'), file);
      const model = backend.binding.loadSavedModel(folder, TAG);
      return new TfFunction(backend, model, callNames(parts.given.length, parts.results.length));
    } catch {
      return undefined;
    } finally {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  }

  /** @param inputs tensors by their numbers, in the order of `given`. @returns new ones, in that of `results`. */
  run(inputs: readonly number[]): Made[] {
    return this.#backend.binding.runSavedModel(this.#model, inputs, this.#names.inputs, this.#names.outputs);
  }

  close(): void {
    this.#backend.binding.deleteSavedModel(this.#model);
  }
}
