import { fetchArray, host, saveFile } from '../../transport/index.ts';

/** Gives a person a file that the engine wrote: in a browser straight from it, in the desktop, which has no such way, by way of the page. */
export async function keep(download: string, name: string): Promise<void> {
  const path = `download/${download}`;
  if (host === undefined) saveFile(path);
  else save(name, await fetchArray(path), 'application/octet-stream');
}

/** Gives a person a file of what the page has. */
export function save(name: string, text: string | ArrayBuffer, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), {
    href: url,
    download: name.replaceAll(/[\\/:*?"<>|]/g, '_'),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
