import '@fontsource-variable/inter';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { createWebHistory } from 'vue-router';
import App from './app/App.vue';
import { reportErrors } from './app/errors.ts';
import { fetchPage, makeRouter } from './app/router.ts';
import { pause } from './kit/pause.ts';
import { measureText } from './kit/text-size.ts';
import { usePlace } from './stores/place.ts';
import { connect, enter } from './transport/index.ts';
import './styles/base.css';
import { VIEWS } from './views/index.ts';

measureText();
// What is asked for comes in while the rest is made ready, each in a task of its own.
fetchPage(VIEWS, location.pathname);
await enter();
connect();
await pause();
const app = createApp(App).use(createPinia());
const router = makeRouter(VIEWS, createWebHistory());
usePlace().follow(router);
app.use(router).use(reportErrors).mount('#app');
