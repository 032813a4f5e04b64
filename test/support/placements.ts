import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';

/** What ONNX Runtime says of the operators that it ran. */
export interface Placements {
  /** Operators on numbers that the processor computed though a GPU was asked for; sizes (int64) are always computed there. */
  readonly onProcessor: readonly string[];
  /**
   * Copies between the memory of the device and that of the process in the midst of the graph, but for single numbers that go up: a size
   * is computed by the processor, and a mean divides by it.
   */
  readonly copies: number;
  /** Operators that the provider launched a kernel for. */
  readonly launched: number;
  /** Bytes of those copies, and of single numbers. */
  readonly copied: number;
  /** Kernels that the device itself reports, which may be several of one operator; 0 where it reports none. */
  readonly kernels: number;
  /** Share of the time of runs in which the device computed, as it reports; null where it does not. */
  readonly busy: number | null;
}

interface Event {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly output_size?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, unknown>>[];
  };
}

/** Operators that only see their input otherwise and launch no kernel. */
const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);

/** Reads the files that a session with {@link RuntimeOptions.profile} wrote, all of them together, and removes them. @param prefix of the files. */
export function placements(prefix: string): Placements {
  const folder = dirname(prefix);
  const files = readdirSync(folder).filter((f) => f.startsWith(basename(prefix)) && f.endsWith('.json'));
  if (files.length === 0) throw new Error(`No profile begins with ${prefix}`);
  const onProcessor: string[] = [];
  let copies = 0;
  let launched = 0;
  let copied = 0;
  let kernels = 0;
  let [computing, running] = [0, 0];
  for (const file of files) {
    const at = join(folder, file);
    for (const { cat, name, dur, args } of JSON.parse(readFileSync(at, 'utf8')) as Event[]) {
      if (cat === 'Api' || cat === 'Kernel') {
        kernels += 1;
        computing += dur;
      }
      if (cat === 'Session' && name === 'model_run') running += dur;
      if (cat !== 'Node' || !name.endsWith('kernel_time')) continue;
      const op = args.op_name ?? '';
      const whole = (args.input_type_shape ?? []).every((o) => Object.keys(o).every((t) => t.startsWith('int')));
      const single = op === 'MemcpyFromHost' && Number(args.output_size) <= 8;
      if (op.startsWith('Memcpy')) {
        copies += single ? 0 : 1;
        copied += Number(args.output_size);
      } else if (args.provider !== 'CPUExecutionProvider') launched += VIEWS.has(op) ? 0 : 1;
      else if (!whole) onProcessor.push(op);
    }
    rmSync(at);
  }
  const busy = kernels === 0 || running === 0 ? null : computing / running;
  return { onProcessor: onProcessor.sort(), copies, launched, copied, kernels, busy };
}
