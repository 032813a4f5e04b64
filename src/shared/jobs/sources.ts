/** The last part of a path, whatever the machine's separator. */
export function baseName(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? ''
  );
}

/** What a list of sources is called. */
export function sourcesTitle(sources: readonly string[]): string {
  return sources.map(baseName).join(', ');
}
