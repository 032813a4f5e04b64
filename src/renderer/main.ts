import '@fontsource-variable/inter';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app/App.vue';
import { reportErrors } from './app/errors.ts';
import { router } from './app/router.ts';
import './styles/base.css';

createApp(App).use(createPinia()).use(router).use(reportErrors).mount('#app');
