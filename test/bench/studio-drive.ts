/** Drives every view of the studio in Chromium and measures what a person waits for. */
import type { Browser, CDPSession, Page } from 'playwright-core';

/** A view by its address and what is there once it has content. */
export interface Subject {
  readonly name: string;
  readonly path: string;
  /** Selector of something that holds what the library has. */
  readonly content: string;
  /** Selector of what scrolls, and of the tiles or rows in it. */
  readonly scroll?: readonly [box: string, row: string];
}

export interface Measured {
  /** From asking for the view until the frame in which its content stands, in milliseconds. */
  readonly painted: number;
  readonly nodes: number;
  /** The longest task of the page's main thread, in milliseconds, and how many took more than 100. */
  readonly longest: number;
  readonly long: number;
  /** Of answers to requests. */
  readonly bytes: number;
  /** Frames of scrolling, and those in which the middle of the list was empty. */
  readonly frames: number;
  readonly blank: number;
  /** Computing of the page's main thread, in milliseconds of its processor. */
  readonly computed: number;
}

/** Views with what their content is. @param photo one of the library. @param cluster the largest. */
export function subjects(photo: string, cluster: string): Subject[] {
  return [
    { name: 'Start', path: '/start', content: '.recent, main, section' },
    { name: 'Clusters', path: '/clusters', content: '.card', scroll: ['.view > .scroll', '.card'] },
    { name: 'Clusters as a table', path: '/clusters?as=table', content: '[role=row] a', scroll: ['.kit-table, [role=table]', '[role=row]'] },
    { name: 'Cluster of 2,000 photos', path: `/clusters/${cluster}`, content: '.strip .frame' },
    { name: 'Photos, when and where', path: '/photos', content: '[data-photo]', scroll: ['.photos [role=listbox]', '[role=option]'] },
    { name: 'Photos, near duplicates', path: '/photos?tab=duplicates', content: '.groups [data-photo]', scroll: ['.groups', '.row'] },
    { name: 'Photos, matches', path: `/photos?tab=matches&photo=${photo}`, content: '[data-test=match-lines]' },
    { name: 'Tuples', path: '/tuples', content: '.list .row', scroll: ['.list', '.row'] },
    { name: 'Train', path: '/train', content: '.table tbody tr' },
    { name: 'Search, start', path: '/search', content: '.samples .sample' },
    { name: 'Search, of a photo', path: `/search?photo=${photo}`, content: '[data-test=results] .cell' },
    { name: 'Manifold', path: `/manifold?photo=${photo}`, content: '.graph .node.query' },
    { name: 'Map', path: '/map', content: '[data-test=map]' },
    { name: 'Measure', path: '/measure', content: '[data-test=measure], [data-test=matrix]' },
    { name: 'Jobs', path: '/jobs', content: 'article' },
    { name: 'Storage', path: '/storage', content: '.part, article, .card' },
  ]; // prettier-ignore
}

/** An engine from which nothing came for so long has answered. */
const QUIET_MS = 400;

const WATCH = `
  window.covisLong = [];
  new PerformanceObserver((l) => { for (const e of l.getEntries()) window.covisLong.push([e.startTime, e.duration]); })
    .observe({ type: 'longtask', buffered: true });
`;

/** Opens the studio once, as a person who has it open already. */
export async function openStudio(browser: Browser, url: string, content = '.card'): Promise<Driver> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.addInitScript(WATCH);
  const cdp = await page.context().newCDPSession(page);
  const driver = new Driver(page, cdp);
  await driver.begin();
  const began = performance.now();
  await page.goto(url);
  await page.locator(content).first().waitFor();
  driver.opened = performance.now() - began;
  // The code of all views comes when there is time.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => /JobsView.*js/.test(r.name)));
  await page.waitForTimeout(500);
  return driver;
}

export class Driver {
  readonly page: Page;
  readonly #cdp: CDPSession;
  #bytes = 0;
  /** Milliseconds of the first page. */
  opened = 0;

  constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
  }

  async begin(): Promise<void> {
    await this.#cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    this.page.on('websocket', (ws) =>
      ws.on('framereceived', ({ payload }) => (this.#bytes += Buffer.byteLength(payload))),
    );
  }

  get bytes(): number {
    return this.#bytes;
  }

  async #computed(): Promise<number> {
    const { metrics } = await this.#cdp.send('Performance.getMetrics');
    return 1000 * (metrics.find((m) => m.name === 'TaskDuration')?.value ?? 0);
  }

  /** Goes to a view from another one. @param settle milliseconds in which the view may go on before it is counted. @param steps in which its list is scrolled. */
  async measure(s: Subject, settle = 1500, steps = 60): Promise<Measured> {
    const { page } = this;
    await this.#away(settle / 2);
    const [bytes, computed] = [this.#bytes, await this.#computed()];
    const painted = await page.evaluate(go, { path: s.path, content: s.content });
    await page.waitForTimeout(settle);
    const { nodes, long } = await page.evaluate((since) => {
      const all = (window as unknown as { covisLong: [number, number][] }).covisLong;
      return {
        nodes: document.querySelectorAll('*').length,
        long: all.filter(([at]) => at >= since).map(([, d]) => d),
      };
    }, painted.began);
    const after = { bytes: this.#bytes - bytes, computed: (await this.#computed()) - computed };
    const { frames, blank } =
      s.scroll === undefined ? { frames: 0, blank: 0 } : await page.evaluate(scroll, [...s.scroll, steps] as const);
    const most = Math.max(0, ...long);
    return {
      painted: painted.took,
      nodes,
      longest: most,
      long: long.filter((d) => d > 100).length,
      ...after,
      frames,
      blank,
    };
  }

  /** To a view that holds little, so that every view is come to. */
  async #away(rest: number): Promise<void> {
    await this.page.evaluate(async () => {
      const app = document.querySelector('#app') as unknown as {
        __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
      };
      await app.__vue_app__.config.globalProperties.$router.push('/adapt');
    });
    await this.page.waitForTimeout(rest);
    // What the view before still asked for is not counted to the next.
    for (let before = -1; before !== this.#bytes;) {
      before = this.#bytes;
      await this.page.waitForTimeout(QUIET_MS);
    }
  }
}

/** In the page: goes there and waits for the frame after its content came. */
async function go({ path, content }: { path: string; content: string }): Promise<{ began: number; took: number }> {
  const app = document.querySelector('#app') as unknown as {
    __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
  };
  const began = performance.now();
  await app.__vue_app__.config.globalProperties.$router.push(path);
  const until = began + 60_000;
  while (document.querySelector(content) === null && performance.now() < until)
    await new Promise((resolve) => requestAnimationFrame(resolve));
  // The frame in which it stands.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return { began, took: document.querySelector(content) === null ? Infinity : performance.now() - began };
}

/** In the page: scrolls a list from end to end and looks in each frame whether its middle shows a row. */
async function scroll([box, row, steps]: readonly [string, string, number]): Promise<{
  frames: number;
  blank: number;
}> {
  const el = [...document.querySelectorAll(box)].find((e) => e.scrollHeight > e.clientHeight + 10);
  if (el === undefined) return { frames: 0, blank: 0 };
  let blank = 0;
  const shows = (): boolean => {
    const r = el.getBoundingClientRect();
    return [...el.querySelectorAll(row)].some((t) => {
      const b = t.getBoundingClientRect();
      return b.top < r.top + r.height / 2 + 20 && b.bottom > r.top + r.height / 2 - 20;
    });
  };
  for (let i = 1; i <= steps; i += 1) {
    el.scrollTop = ((el.scrollHeight - el.clientHeight) * i) / steps;
    // Scroll events come before the callbacks of the next frame; what they change stands in that frame.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    if (!shows()) blank += 1;
  }
  return { frames: steps, blank };
}
