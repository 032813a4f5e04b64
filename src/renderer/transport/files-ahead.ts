/**
 * Which files a view is made of stands in the page (electron.vite.config.ts): by the first part of its address, `clusters`, of what is below one
 * with a page of its own, `clusters/`, and of the address without any.
 */
type Files = Readonly<Record<string, readonly string[]>>;

/** Begins to fetch and read the files of the view at an address, while the page that asks for them is still read itself. */
export function filesAhead(): void {
  const written = document.querySelector<HTMLMetaElement>('meta[name=files]')?.content;
  // The development server has none.
  if (written === undefined) return;
  const all = new Map(Object.entries(JSON.parse(written) as Files));
  const [, view = '', below = ''] = location.pathname.split('/');
  for (const file of (below === '' ? undefined : all.get(`${view}/`)) ?? all.get(view) ?? []) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.crossOrigin = '';
    link.href = `/${file}`;
    document.head.append(link);
  }
}
