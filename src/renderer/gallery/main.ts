import '@fontsource-variable/inter';
import { createApp } from 'vue';
import { PHOTO_URL } from '../kit/photo-url.ts';
import '../styles/base.css';
import GalleryPage from './GalleryPage.vue';
import { drawnPhoto } from './drawn-photos.ts';

createApp(GalleryPage).provide(PHOTO_URL, drawnPhoto).mount('#app');
