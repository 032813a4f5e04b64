/** Drives every view of the studio in Chromium and measures what a person waits for. */
import type { Browser, CDPSession, Page } from 'playwright-core';
import { atRest } from './processes.ts';
import type { Subject } from './studio-subjects.ts';

export interface Measured {
  /** From asking for the view until the frame in which its content stands, in milliseconds. */
  readonly painted: number;
  readonly nodes: number;
  /** The longest task of the page's main thread, in milliseconds, and how many took more than 100. */
  readonly longest: number;
  readonly long: number;
  /** Of answers to requests, and of arrays that are fetched. */
  readonly bytes: number;
  /** Of photos. */
  readonly pictures: number;
  /** Frames of scrolling, and those in which the middle of the list was empty. */
  readonly frames: number;
  readonly blank: number;
  /** Computing of the page's main thread, in milliseconds of its processor. */
  readonly computed: number;
}

/** An engine from which nothing came for so long has answered. */
const QUIET_MS = 400;
/** No answer is waited for longer. */
const LONGEST_MS = 20_000;
/** What one comes from to another view. */
const AWAY = '/start';

const WATCH = `
  window.covisLong = [];
  new PerformanceObserver((l) => { for (const e of l.getEntries()) window.covisLong.push([e.startTime, e.duration]); })
    .observe({ type: 'longtask', buffered: true });
`;

/** Opens the studio once, as a person who has it open already. */
export async function openStudio(browser: Browser, url: string, content = '.card'): Promise<Driver> {
  const driver = await Driver.create(browser);
  const { page } = driver;
  const began = performance.now();
  await page.goto(url);
  await page.locator(content).first().waitFor();
  driver.opened = performance.now() - began;
  // The code of all views comes when there is time.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => /JobsView.*js/.test(r.name)));
  await page.waitForTimeout(500);
  return driver;
}

export interface OpenedAt {
  readonly painted: number;
  readonly longest: number;
  readonly bytes: number;
  /** Of the page's own, until the content stood: how many, and their bytes. */
  readonly files: number;
  readonly code: number;
}

/**
 * Opens the studio at a view, in a browser that has nothing of it. @param url of a server, with its token.
 * @returns milliseconds from the navigation until the content stands, and the longest task until then and half a second after.
 */
export async function openAt(browser: Browser, url: string, s: Subject): Promise<OpenedAt> {
  const driver = await Driver.create(browser);
  const { page } = driver;
  try {
    // The key leads to any view as it does to the first one; nothing of the page is loaded yet.
    const entrance = await page.context().request.get(url, { maxRedirects: 0 });
    const { hash } = new URL(entrance.headers()['location']!, url);
    await atRest();
    await page.goto(`${new URL(s.path, url).href}${hash}`, { waitUntil: 'commit' });
    const painted = await page.evaluate(until, s.content);
    await page.waitForTimeout(500);
    const tasks = await page.evaluate(() => (window as unknown as { covisLong: [number, number][] }).covisLong);
    const code = await page.evaluate(
      (until_) =>
        (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
          .filter((r) => r.startTime < until_ && new URL(r.name).pathname.startsWith('/assets/'))
          .map((r) => r.decodedBodySize),
      painted,
    );
    return {
      painted,
      longest: Math.max(0, ...tasks.map(([, d]) => d)),
      bytes: driver.bytes,
      files: code.length,
      code: code.reduce((n, b) => n + b, 0),
    };
  } finally {
    await page.context().close();
  }
}

/** A message between page and engine. */
function read(payload: string | Buffer): { readonly id?: unknown; readonly route?: unknown; readonly reply?: unknown } {
  const text = String(payload);
  // Large ones are answers whose beginning says which.
  if (text.length > 10_000) {
    const id = /^\{"id":(\d+),"reply":/.exec(text)?.[1];
    return id === undefined ? {} : { id: Number(id), reply: true };
  }
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}

export class Driver {
  readonly page: Page;
  readonly #cdp: CDPSession;
  #bytes = 0;
  #pictures = 0;
  /** Requests without an answer. */
  readonly #asked = new Set<unknown>();
  /** Milliseconds of the first page. */
  opened = 0;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
  }

  /** A page in a browser of its own, which counts what it is sent. */
  static async create(browser: Browser): Promise<Driver> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(120_000);
    await page.addInitScript(WATCH);
    const driver = new Driver(page, await page.context().newCDPSession(page));
    await driver.#begin();
    return driver;
  }

  async #begin(): Promise<void> {
    await this.#cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await this.#cdp.send('Network.enable');
    const types = new Map<string, string>();
    this.#cdp.on('Network.responseReceived', ({ requestId, response }) => types.set(requestId, response.mimeType));
    this.#cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const type = types.get(requestId) ?? '';
      types.delete(requestId);
      if (type.startsWith('image/')) this.#pictures += encodedDataLength;
      else if (type === 'application/octet-stream') this.#bytes += encodedDataLength;
    });
    this.page.on('websocket', (ws) => {
      ws.on('framesent', ({ payload }) => {
        const { id, route } = read(payload);
        if (id !== undefined && route !== undefined) this.#asked.add(id);
      });
      ws.on('framereceived', ({ payload }) => {
        this.#bytes += Buffer.byteLength(payload);
        const { id, reply } = read(payload);
        if (id !== undefined && reply !== undefined) this.#asked.delete(id);
      });
    });
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
    await this.#away(settle / 2, s.path === AWAY ? '/storage' : AWAY);
    const [bytes, pictures, computed] = [this.#bytes, this.#pictures, await this.#computed()];
    const painted = await page.evaluate(go, { path: s.path, content: s.content });
    await page.waitForTimeout(settle);
    const { nodes, long } = await page.evaluate((since) => {
      const all = (window as unknown as { covisLong: [number, number][] }).covisLong;
      return {
        nodes: document.querySelectorAll('*').length,
        long: all.filter(([at]) => at >= since).map(([, d]) => d),
      };
    }, painted.began);
    const after = {
      bytes: this.#bytes - bytes,
      pictures: this.#pictures - pictures,
      computed: (await this.#computed()) - computed,
    };
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

  /** Draws a line on paper. @param at where it begins, as a fraction of the paper's width. @returns milliseconds from its end until the frame in which what it finds stands. */
  async draw(at: number): Promise<number> {
    const { page } = this;
    await this.#away(500, AWAY);
    await page.evaluate(go, { path: '/draw', content: '[data-test=paper]' });
    const box = (await page.locator('[data-test=paper]').boundingBox())!;
    const [x, y] = [box.x + box.width * at, box.y + box.height * 0.3];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + box.width / 3, y + box.height / 3, { steps: 5 });
    await page.locator('[data-test=draw-summary]').waitFor({ state: 'detached' });
    await page.evaluate(noteStroke);
    await page.mouse.up();
    const took = await page.evaluate(afterStroke);
    await page.locator('[data-test=clear-paper]').click();
    return took;
  }

  /** To a view that holds little, so that every view is come to. */
  async #away(rest: number, path: string): Promise<void> {
    await this.page.evaluate(async (to) => {
      const app = document.querySelector('#app') as unknown as {
        __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
      };
      await app.__vue_app__.config.globalProperties.$router.push(to);
    }, path);
    await this.page.waitForTimeout(rest);
    // What the view before still asked for is not counted to the next.
    const last = performance.now() + LONGEST_MS;
    for (let before = -1; before !== this.#bytes || (this.#asked.size > 0 && performance.now() < last);) {
      before = this.#bytes;
      await this.page.waitForTimeout(QUIET_MS);
    }
  }
}

/** In the page, which is being loaded: waits for content and the frame in which it stands. @returns milliseconds since the navigation. */
async function until(content: string): Promise<number> {
  const last = performance.now() + 20_000;
  while (document.querySelector(content) === null && performance.now() < last)
    await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return document.querySelector(content) === null ? Infinity : performance.now();
}

/** In the page: notes when the next line ends. */
function noteStroke(): void {
  const note = (): void => void ((window as unknown as { covisStroke: number }).covisStroke = performance.now());
  addEventListener('pointerup', note, { once: true, capture: true });
}

/** In the page: waits for the frame in which what the line found stands. @returns milliseconds since it ended. */
async function afterStroke(): Promise<number> {
  const began = (window as unknown as { covisStroke: number }).covisStroke;
  while (document.querySelector('[data-test=results] .cell') === null)
    await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - began;
}

/** In the page: goes there and waits for the frame after its content came. */
async function go({ path, content }: { path: string; content: string }): Promise<{ began: number; took: number }> {
  const app = document.querySelector('#app') as unknown as {
    __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
  };
  const began = performance.now();
  await app.__vue_app__.config.globalProperties.$router.push(path);
  const until = began + 20_000;
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
