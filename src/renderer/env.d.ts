/// <reference types="vite/client" />
import type { DesktopBridge } from '../preload/index.ts';

declare global {
  interface Window {
    /** Present in the desktop only. */
    readonly covis?: DesktopBridge;
  }
}
