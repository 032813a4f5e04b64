/** The page's one way to the engine: requests, events, files, and the desktop's dialogs. */
export { fetchArray, saveFile, sendInParts, uploadPhoto } from './assets.ts';
export { onEvent } from './events.ts';
export { assetUrl } from './keys.ts';
export { host, type ImportHow } from './host.ts';
export { askAhead, enter, hand, outbox, request, type AskAhead } from './request.ts';
export { quiet } from './quiet.ts';
export { reachable } from './remembered.ts';
export type { Kept } from './outbox.ts';
