import type { SearchHit } from '../../../shared/domain.ts';
import type { Method, ParameterName, SearchMethod } from '../../../shared/methods/index.ts';
import { METHOD_FACTS } from '../../stores/method-facts.ts';

/** Ranking methods as the studio names them, in the order of its lists. */
export const METHOD_NAMES = Object.fromEntries(METHOD_FACTS.map((m) => [m.name, m.title])) as Readonly<
  Record<SearchMethod, string>
>;

/** What a method is called; those of the teacher, which search nothing, by their own name. */
export function nameOfMethod(method: string): string {
  return METHOD_NAMES[method as SearchMethod] ?? method;
}

/** Methods that rank descriptors. */
export const METHODS: readonly Method[] = METHOD_FACTS.flatMap((m) => (m.ranks ? [m.name as Method] : []));

/** Methods that can rank photos by their regions. */
export const REGIONAL: readonly SearchMethod[] = METHOD_FACTS.flatMap((m) => (m.takes === 'both' ? [m.name] : []));

/** Whether a method reads a parameter; it refuses those that it does not. */
export function reads(method: SearchMethod, parameter: ParameterName): boolean {
  return METHOD_FACTS.some((m) => m.name === method && m.reads.includes(parameter));
}

/** What a result's border and letter mean; never colour alone. */
export const RELATIONS: Readonly<Record<SearchHit['relation'], { mark: string; text: string }>> = {
  positive: { mark: '✓', text: 'a match' },
  'same-place': { mark: '≈', text: 'same place or junk: not counted' },
  other: { mark: '✕', text: 'no match' },
  unknown: { mark: '', text: '' },
  query: { mark: 'Q', text: 'the query itself' },
};

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A crop in the address: four fractions of three digits. */
export function cropText(b: Box | undefined): string | undefined {
  return b === undefined ? undefined : [b.x, b.y, b.width, b.height].map((v) => v.toFixed(3)).join();
}

export function parseCrop(text: unknown): Box | undefined {
  if (typeof text !== 'string') return undefined;
  const [x = Number.NaN, y = Number.NaN, width = Number.NaN, height = Number.NaN] = text.split(',').map(Number);
  const inside = [x, y, width, height].every((v) => v >= 0 && v <= 1);
  return inside && width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
