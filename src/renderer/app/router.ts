import { createMemoryHistory, createRouter, type Router, type RouterHistory, type RouteRecordRaw } from 'vue-router';
import type { AskAhead } from '../transport/index.ts';
import type { View } from '../views/view.ts';

/** Routes of the views; each keeps its state in its route and query. What is unknown leads to the first view. */
export function routesOf(views: readonly View[]): RouteRecordRaw[] {
  const first = { name: views[0]!.name, params: {} };
  return [
    { path: '/', redirect: first },
    // Shown without a library at any address, and at this one with one.
    {
      path: '/start',
      name: 'start',
      component: () => import('../views/start/StartPage.vue'),
      meta: { view: 'start' },
    },
    ...views.flatMap((v) =>
      [v, ...(v.pages ?? [])].map((page) => ({
        name: page.name,
        path: page.path,
        component: page.component,
        meta: { view: v.name },
      })),
    ),
    { path: '/:rest(.*)*', redirect: first },
  ];
}

export function makeRouter(views: readonly View[], history: RouterHistory): Router {
  return createRouter({ history, routes: routesOf(views) });
}

/** What is at an address, before there is a router that goes there. What fails is said when it is gone to. */
export interface Ahead {
  /** Begins to fetch its code. */
  fetch(): void;
  /** Asks what it asks at once, and begins the thread that searches where it needs that. */
  ask(ask: AskAhead): void;
}

export function lookAhead(views: readonly View[], address: string): Ahead {
  const to = makeRouter(views, createMemoryHistory()).resolve(address);
  const load: unknown = to.matched.at(-1)?.components?.['default'];
  return {
    fetch: () => {
      if (typeof load === 'function') (load as View['component'])().catch(() => undefined);
    },
    ask: (ask) => {
      const view = views.find((v) => v.name === to.meta['view']);
      view?.ahead?.(ask, to).catch(() => undefined);
      // Where searching is not possible yet, it says why.
      if (view?.searches !== undefined)
        ask('search.prepare', { descriptors: view.searches === 'descriptors' }).catch(() => undefined);
    },
  };
}

/** The page where one begins, which is no view of a library. */
export const START = { title: 'Start' } as const;

/** What the window is called: `Tuples — LIBRARY — Covis`, or `castle — Clusters — LIBRARY — Covis` of what is shown. */
export function windowTitle(view: Pick<View, 'title'> | undefined, library: string | undefined, subject = ''): string {
  return [subject, view?.title, library, 'Covis'].filter((part) => part !== undefined && part !== '').join(' — ');
}
