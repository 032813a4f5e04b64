import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const FILES = {
  '': ['assets/ClustersView-1.js'],
  clusters: ['assets/ClustersView-1.js'],
  'clusters/': ['assets/ClusterView-1.js', 'assets/kit-1.js'],
  tuples: ['assets/TuplesView-1.js'],
};
beforeEach(() => {
  vi.resetModules();
  document.head.innerHTML = '';
});
afterEach(() => history.replaceState(null, '', '/'));

async function fetched(address: string, written: object | null = FILES): Promise<string[]> {
  if (written !== null) {
    const meta = document.createElement('meta');
    meta.name = 'files';
    meta.content = JSON.stringify(written);
    document.head.append(meta);
  }
  history.replaceState(null, '', address);
  const { filesAhead } = await import('../../../src/renderer/transport/files-ahead.ts');
  filesAhead();
  return Array.from(document.querySelectorAll('link[rel=modulepreload]'), (l) => l.getAttribute('href')!);
}

it.each([
  ['/', ['/assets/ClustersView-1.js']],
  ['/clusters?sort=size', ['/assets/ClustersView-1.js']],
  ['/clusters/5f0c', ['/assets/ClusterView-1.js', '/assets/kit-1.js']],
  ['/tuples/2/17?compare=1#x', ['/assets/TuplesView-1.js']],
  ['/nowhere', []],
  ['/__proto__', []],
])('at %s are those of its view', async (address, files) => {
  expect(await fetched(address)).toEqual(files);
});

it('are none where the page says nothing of them', async () => {
  expect(await fetched('/clusters', null)).toEqual([]);
});
