import '@fontsource-variable/inter';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { createWebHistory } from 'vue-router';
import App from './app/App.vue';
import { reportErrors } from './app/errors.ts';
import { lookAhead, makeRouter } from './app/router.ts';
import { pause } from './kit/pause.ts';
import { measureText } from './kit/text-size.ts';
import { libraryAhead } from './stores/library.ts';
import { usePlace } from './stores/place.ts';
import { askAhead, enter } from './transport/index.ts';
import './styles/base.css';
import { VIEWS } from './views/index.ts';

/** What is asked for comes in while the rest is made ready, each in a task of its own. A browser asks for a few files at once: the key comes first. */
async function begin(): Promise<void> {
  const entered = enter();
  const ahead = lookAhead(VIEWS, location.pathname + location.search);
  ahead.fetch();
  await entered;
  for (const answered of [libraryAhead(askAhead), askAhead('settings.get', {})]) answered.catch(() => undefined);
  ahead.ask(askAhead);
  await pause();
  const app = createApp(App).use(createPinia());
  const router = makeRouter(VIEWS, createWebHistory());
  // The frame of the studio stands before the view in it is made.
  router.beforeResolve(pause);
  usePlace().follow(router);
  app.use(router).use(reportErrors).mount('#app');
}

measureText();
// Not awaited here: the files of views need this one, and are evaluated as soon as they come.
void begin();
