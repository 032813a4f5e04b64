/** The page's one way to the engine: requests, events, files, and the desktop's dialogs. */
export { fetchArray, uploadPhoto } from './assets.ts';
export { onEvent } from './events.ts';
export { host } from './host.ts';
export { request } from './request.ts';
