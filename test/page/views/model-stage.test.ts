import { mount } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import type * as Scenes from '../../../src/renderer/scenes/cluster-scene.ts';
import type { ClusterDetail } from '../../../src/shared/domain.ts';
import { fakeEngine } from '../support/fake-engine.ts';

const SCENE = '../../../src/renderer/scenes/cluster-scene.ts';

afterEach(() => {
  vi.doUnmock(SCENE);
  document.body.replaceChildren();
});

/** Renderers that were let go. */
let released = 0;

/** The stage where making the scene throws. */
async function staged(failing?: Error) {
  released = 0;
  fakeEngine();
  if (failing !== undefined)
    vi.doMock(SCENE, async (original) => ({
      ...(await original<typeof Scenes>()),
      webgl: () => ({ dispose: () => (released += 1) }),
      ClusterScene: vi.fn(function () {
        throw failing;
      }),
    }));
  const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
  const { default: ModelStage } = await import('../../../src/renderer/views/clusters/ModelStage.vue');
  const stage = mount(ModelStage, {
    props: {
      detail: { name: 'clock', views: [], points: 1 } as unknown as ClusterDetail,
      arrays: {
        points: new Float32Array(3),
        colours: new Uint8Array(3),
        errors: new Float32Array(1),
        tracks: new Uint32Array(1),
      },
      light: { view: null, strength: new Map<number, number>(), seen: null },
      sharedBy: new Map(),
      selected: null,
    },
    global: { stubs: { PointFilter: true, ActionButton: true } },
  });
  await nextTick();
  // The model comes in a task after the graphics.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { text: stage.text(), said: useNotices().notices.map((n) => `${n.kind}: ${n.text}`) };
}

describe('the stage of a model', { timeout: 30_000 }, () => {
  it('shows it from above where there is no WebGL, and says so', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { text, said } = await staged();
    expect(text).toContain('No WebGL here');
    expect(said).toEqual([]);
  });

  it('says any other error, and does not blame WebGL for it', async () => {
    const { text, said } = await staged(new RangeError('The model has no points'));
    expect(text).not.toContain('WebGL');
    expect(said).toEqual(['error: The model has no points']);
    expect(released).toBe(1);
  });
});
