import { onScopeDispose } from 'vue';
import {
  useRoute,
  useRouter,
  type RouteLocationNormalizedLoaded,
  type RouteParamsRawGeneric,
  type Router,
} from 'vue-router';

/** What an address is to say under some keys of its query; undefined takes a key away. What is not named stays. */
export type QueryChange = Readonly<Record<string, string | number | null | undefined>>;

/** @property push the address before is one step back. @property params of the route that become others. */
export interface HowChanged {
  readonly push?: boolean;
  readonly params?: RouteParamsRawGeneric;
}

/** Changes of the address of one page that are under way. */
interface Pending {
  readonly page: RouteLocationNormalizedLoaded['name'];
  change: QueryChange;
  params: RouteParamsRawGeneric;
  push: boolean;
  going: number;
}

interface Ways {
  pending?: Pending;
  /** Another page is being gone to. */
  leaving: boolean;
}

const ways = new WeakMap<Router, Ways>();

function waysOf(router: Router): Ways {
  const known = ways.get(router);
  if (known !== undefined) return known;
  const mine: Ways = { leaving: false };
  ways.set(router, mine);
  router.beforeEach((to, from) => {
    mine.leaving = to.name !== from.name;
  });
  router.afterEach(() => {
    mine.leaving = false;
  });
  router.onError(() => {
    mine.leaving = false;
  });
  return mine;
}

/**
 * Changes the query of the page that is shown, and keeps what is not named. The one way to do that: a navigation takes the place of one
 * that is under way, so a change that comes meanwhile says what that one said, too. While another page is being gone to, nothing changes:
 * what is left behind keeps nobody from getting there.
 * @returns once the address is as was asked, or was made another.
 */
export async function changeQuery(router: Router, change: QueryChange, how: HowChanged = {}): Promise<void> {
  const all = waysOf(router);
  if (all.leaving) return;
  const at = router.currentRoute.value;
  const before = all.pending;
  const pending: Pending =
    before !== undefined && before.page === at.name
      ? before
      : { page: at.name, change: {}, params: {}, push: false, going: 0 };
  all.pending = pending;
  pending.change = { ...pending.change, ...change };
  pending.params = { ...pending.params, ...how.params };
  pending.push ||= how.push ?? false;
  pending.going += 1;
  const query = { ...at.query, ...pending.change };
  const to =
    at.name == null ? { path: at.path, query } : { name: at.name, params: { ...at.params, ...pending.params }, query };
  try {
    await (pending.push ? router.push(to) : router.replace(to));
  } finally {
    pending.going -= 1;
    if (pending.going === 0 && all.pending === pending) delete all.pending;
  }
}

/** {@link changeQuery} for the calling component; once that is gone, it changes nothing: the address is another's. */
export function useQuery() {
  const router = useRouter();
  const route = useRoute();
  waysOf(router);
  let gone = false;
  onScopeDispose(() => (gone = true));
  async function change(to: QueryChange, how?: HowChanged): Promise<void> {
    if (!gone) await changeQuery(router, to, how);
  }
  return { route, change };
}
