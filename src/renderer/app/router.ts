import { createRouter, createWebHistory } from 'vue-router';

/** Views are fetched when first opened; each keeps its state in its route and query. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/clusters' },
    { path: '/clusters', name: 'clusters', component: () => import('../views/clusters/ClustersView.vue') },
    { path: '/clusters/:id', name: 'cluster', component: () => import('../views/clusters/ClusterView.vue') },
    { path: '/photos', name: 'photos', component: () => import('../views/photos/PhotosView.vue') },
    { path: '/tuples/:run?/:index?', name: 'tuples', component: () => import('../views/tuples/TuplesView.vue') },
    { path: '/train', name: 'train', component: () => import('../views/train/TrainView.vue') },
    { path: '/search', name: 'search', component: () => import('../views/search/SearchView.vue') },
    { path: '/draw', name: 'draw', component: () => import('../views/draw/DrawView.vue') },
    { path: '/manifold', name: 'manifold', component: () => import('../views/manifold/ManifoldView.vue') },
    { path: '/map', name: 'map', component: () => import('../views/map/MapView.vue') },
    { path: '/measure/:id?', name: 'measure', component: () => import('../views/measure/MeasureView.vue') },
    { path: '/jobs', name: 'jobs', component: () => import('../views/jobs/JobsView.vue') },
    { path: '/:rest(.*)*', redirect: '/clusters' },
  ],
});
