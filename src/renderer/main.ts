import '@fontsource-variable/inter';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app/App.vue';
import { router } from './app/router.ts';
import './styles/base.css';

createApp(App).use(createPinia()).use(router).mount('#app');
