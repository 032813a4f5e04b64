import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { RouteLocationRaw, Router } from 'vue-router';

/** Where a person is, for actions that go somewhere or that mean something in some views only. */
export const usePlace = defineStore('place', () => {
  /** Name of the view that is shown. */
  const view = ref('');
  /** What of the view is shown, as a cluster's name; empty where it is the view itself. */
  const subject = ref('');
  let lead: (to: RouteLocationRaw) => unknown = () => undefined;

  function go(to: RouteLocationRaw): void {
    void lead(to);
  }

  /** Follows the router, whose records say their view. */
  function follow(router: Router): void {
    lead = (to) => router.push(to);
    router.afterEach((to) => (view.value = String(to.meta['view'] ?? '')));
  }

  return { view, subject, go, follow };
});
