/** A path that nobody knows, since it is ours for as long as a job takes, and what people know the thing by. */
import { sep } from 'node:path';

export interface Called {
  /** A file that was sent, or the folder of what is downloaded. */
  readonly path: string;
  /** The name that the file has for whoever sent it; what lies in a folder is called as it is within that. */
  readonly name: string;
}

/** A value with that name wherever a text in it has the path: what jobs say, warn of, and give. */
export function byName<T>(value: T, { path, name }: Called): T {
  if (typeof value === 'string') return value.replaceAll(`${path}${sep}`, '').replaceAll(path, name) as T;
  if (Array.isArray(value)) return value.map((v: unknown) => byName(v, { path, name })) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, byName<unknown>(v, { path, name })])) as T;
}
