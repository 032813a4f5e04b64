/** The only door between the page and the desktop: typed, narrow, and without Electron's own objects. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { EngineEvent, Reply } from '../shared/contract.ts';
import type { ChoicePurpose, DesktopNews, Repaired } from '../shared/facts/desktop.ts';
import type { FolderEntry } from '../shared/facts/start.ts';

const bridge = {
  request: (route: string, params: unknown): Promise<Reply<unknown>> =>
    ipcRenderer.invoke('covis:request', route, params) as Promise<Reply<unknown>>,
  openLibrary: (): Promise<Reply<unknown>> => ipcRenderer.invoke('covis:open-library') as Promise<Reply<unknown>>,
  chooseSources: (): Promise<Reply<readonly FolderEntry[] | null>> =>
    ipcRenderer.invoke('covis:import') as Promise<Reply<readonly FolderEntry[] | null>>,
  choose: (purpose: ChoicePurpose): Promise<Reply<FolderEntry | null>> =>
    ipcRenderer.invoke('covis:choose', purpose) as Promise<Reply<FolderEntry | null>>,
  /** A folder that was dropped onto the window; null for what has no place on the disk, such as a file that a page made. */
  dropped: (file: File): Promise<Reply<FolderEntry | null>> => {
    const path = webUtils.getPathForFile(file);
    if (path === '') return Promise.resolve({ ok: true, data: null });
    return ipcRenderer.invoke('covis:dropped', path) as Promise<Reply<FolderEntry | null>>;
  },
  repair: (): Promise<Reply<Repaired | null>> => ipcRenderer.invoke('covis:repair') as Promise<Reply<Repaired | null>>,
  news: (): Promise<Reply<DesktopNews>> => ipcRenderer.invoke('covis:news') as Promise<Reply<DesktopNews>>,
  onEvent: (listener: (event: EngineEvent) => void): void => {
    ipcRenderer.on('covis:event', (_e, event: EngineEvent) => listener(event));
  },
};

/** What the page finds as `window.covis`. */
export type DesktopBridge = typeof bridge;

contextBridge.exposeInMainWorld('covis', bridge);
