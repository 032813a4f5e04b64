import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';
import PhotoInspector from '../../../src/renderer/app/PhotoInspector.vue';
import { makeRouter } from '../../../src/renderer/app/router.ts';
import { useLibrary } from '../../../src/renderer/stores/library.ts';
import { VIEWS } from '../../../src/renderer/views/index.ts';
import { FakeSocket } from '../support/fake-socket.ts';

describe('the selected photo', () => {
  const info = {
    id: 'a'.repeat(32),
    name: 'x/old.jpg',
    scene: 'castle',
    width: 40,
    height: 30,
    clusters: [],
    exif: { taken: null, latitude: null, longitude: null, focal: null, camera: null },
  };
  it.each([
    [true, true],
    [undefined, false],
  ])('says where its file is gone: %s', (gone, said) => {
    vi.stubGlobal('WebSocket', FakeSocket);
    const pinia = createPinia();
    setActivePinia(pinia);
    const library = useLibrary();
    library.selectedPhoto = info.id;
    library.selectedInfo = gone === undefined ? info : { ...info, gone };
    const wrapper = mount(PhotoInspector, {
      global: { plugins: [pinia, makeRouter(VIEWS, createMemoryHistory())] },
    });
    expect(wrapper.text()).toContain('x/old.jpg');
    expect(wrapper.text().includes('Its file was replaced or is gone')).toBe(said);
    wrapper.unmount();
    vi.unstubAllGlobals();
  });
});
