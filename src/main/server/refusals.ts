/** What a browser shows where the server lets nobody in, or has nothing: a page in the studio's style, without script. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is said, and what to do. */
export interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** What to do, a sentence each. */
  readonly steps?: readonly string[];
  readonly link?: { readonly to: string; readonly label: string };
}

/** As the studio's tokens are (renderer/styles/base.css). */
const STYLE = `
:root{color-scheme:dark light;--ground:#131417;--surface:#1a1b1f;--line:#2e3138;--raised:#222429;--text:#e8e9ec;--quiet:#a2a7b1;--accent:#6ea8ff;--on-accent:#0c1524}
@media (prefers-color-scheme:light){:root{--ground:#f3f4f6;--surface:#fff;--line:#dcdfe5;--raised:#f7f8fa;--text:#1b1d22;--quiet:#596070;--accent:#1f60cd;--on-accent:#fff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;grid-template-rows:44px 1fr;background:var(--ground);color:var(--text);font:14px/1.5 'Inter Variable',Inter,system-ui,sans-serif}
header{display:flex;align-items:center;gap:9px;padding:0 16px;background:var(--surface);border-bottom:1px solid var(--line);font-weight:600}
svg{width:20px;height:20px}
main{place-self:center;width:min(560px,100vw - 32px);padding:24px 28px 26px;margin:24px 0;background:var(--surface);border:1px solid var(--line);border-radius:10px}
h1{margin:0 0 6px;font-size:18px;font-weight:600;text-wrap:balance}
p{margin:0;color:var(--quiet);text-wrap:pretty}
ol{margin:16px 0 0;padding-left:20px}
li{padding-left:4px;margin-bottom:8px}
li::marker{color:var(--quiet)}
code{padding:2px 6px;border:1px solid var(--line);border-radius:4px;background:var(--raised);font-size:12.5px;overflow-wrap:anywhere;display:inline-block;max-width:100%;line-height:1.3}
a{display:inline-block;margin-top:18px;padding:7px 14px;border-radius:6px;background:var(--accent);color:var(--on-accent);text-decoration:none;font-weight:500}
a:focus-visible{outline:2px solid var(--text);outline-offset:2px}
`;
/** As renderer/public/icon.svg. */
const MARK =
  '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#1f63d6"/><path d="M5 22 16 6l11 16" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round"/><circle cx="16" cy="21" r="4.2" fill="#5ecb83"/></svg>';
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Text between backquotes is a command. */
function marked(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function pageOf({ title, text, steps, link }: Refusal): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)} — Covis</title><style>${STYLE}</style></head>
<body>
<header>${MARK}Covis</header>
<main><h1>${escaped(title)}</h1><p>${marked(text)}</p>${steps === undefined ? '' : `<ol>${steps.map((s) => `<li>${marked(s)}</li>`).join('')}</ol>`}${link === undefined ? '' : `<a href="${escaped(link.to)}">${escaped(link.label)}</a>`}</main>
</body>
</html>
`;
}

/** Says no: as a page to a browser that opens an address, as a line of text to everything else. */
export function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const page = req.method === 'GET' && (req.headers.accept ?? '').includes('text/html');
  res.writeHead(refusal.status, {
    'Content-Type': page ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    ...(page ? { 'Content-Security-Policy': POLICY } : {}),
  });
  res.end(page ? pageOf(refusal) : `${refusal.text.replaceAll('`', '')}\n`);
}
