/** What pages of the desktop may not do: everything that Covis does not need. */
import type { Session, WebContents } from 'electron';
import { log } from './log.ts';

/** Refuses permissions, whoever asks and however; files are saved only where a page of Covis itself made them. */
export function guard(session: Session, own: (url: string) => boolean): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn(`A page asked for ${permission}, which is refused`);
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event, item, contents) => {
    if (own(contents.getURL()) && (own(item.getURL()) || item.getURL().startsWith('blob:'))) return;
    log.warn(`A download is refused: ${item.getURL().slice(0, 200)}`);
    event.preventDefault();
  });
}

/** The window shows pages of Covis and nothing else. */
export function stay(contents: WebContents, own: (url: string) => boolean): void {
  contents.on('will-navigate', (event, url) => {
    if (!own(url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
