/*
 * A card that tests can break: a Vulkan driver that hands all calls to another one (Mesa's rasteriser) and says that it is a card.
 * CARD_DRIVER: that other driver. CARD_LOST: the device is lost from when this file is there; with CARD_CRASH the process ends then.
 * CARD_BYTES: so much memory it has. CARD_NAME, CARD_VERSION: what it is called. Offsets are those of vulkan_core.h on 64 bits.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
typedef void (*fn)(void);
typedef fn (*gipa)(void *, const char *);
#define MAX 65536
static void *lib;
static gipa real_gipa, real_pd, real_gdpa;
static void load(void) {
  if (lib) return;
  lib = dlopen(getenv("CARD_DRIVER"), RTLD_NOW | RTLD_LOCAL);
  if (!lib) { fprintf(stderr, "card: %s\n", dlerror()); abort(); }
  real_gipa = (gipa)dlsym(lib, "vk_icdGetInstanceProcAddr");
  real_pd = (gipa)dlsym(lib, "vk_icdGetPhysicalDeviceProcAddr");
}
static int lost(void) {
  static int gone;
  const char *f = getenv("CARD_LOST");
  if (!gone && f && access(f, F_OK) == 0) gone = 1;
  if (gone && getenv("CARD_CRASH")) abort();
  return gone;
}
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { uint64_t handle, size; } held[MAX];
static uint64_t taken;
static uint64_t limit(void) { const char *s = getenv("CARD_BYTES"); return s ? strtoull(s, 0, 10) : UINT64_MAX; }
static int (*r_submit)(void *, uint32_t, const void *, uint64_t);
static int (*r_submit2)(void *, uint32_t, const void *, uint64_t);
static int (*r_alloc)(void *, const void *, const void *, uint64_t *);
static void (*r_free)(void *, uint64_t, const void *);
static int (*r_wait)(void *, uint32_t, const void *, uint32_t, uint64_t);
static int (*r_fence)(void *, uint64_t);
static void (*r_props)(void *, void *);
static void (*r_props2)(void *, void *);
static int submit(void *q, uint32_t n, const void *s, uint64_t f) { return lost() ? -4 : r_submit(q, n, s, f); }
static int submit2(void *q, uint32_t n, const void *s, uint64_t f) { return lost() ? -4 : r_submit2(q, n, s, f); }
static int waitf(void *d, uint32_t n, const void *f, uint32_t a, uint64_t t) { return lost() ? -4 : r_wait(d, n, f, a, t); }
static int fence(void *d, uint64_t f) { return lost() ? -4 : r_fence(d, f); }
static int alloc(void *d, const void *info, const void *a, uint64_t *m) {
  uint64_t size = *(const uint64_t *)((const char *)info + 16);
  if (lost()) return -4;
  pthread_mutex_lock(&lock);
  int r = taken + size > limit() ? -2 : r_alloc(d, info, a, m);
  if (r == 0) for (int i = 0; i < MAX; i++) if (!held[i].handle) { held[i].handle = *m; held[i].size = size; taken += size; break; }
  pthread_mutex_unlock(&lock);
  return r;
}
static void freem(void *d, uint64_t m, const void *a) {
  pthread_mutex_lock(&lock);
  for (int i = 0; m && i < MAX; i++) if (held[i].handle == m) { taken -= held[i].size; held[i].handle = 0; break; }
  r_free(d, m, a);
  pthread_mutex_unlock(&lock);
}
static void dress(char *p) {
  *(uint32_t *)(p + 16) = 2;
  const char *name = getenv("CARD_NAME");
  if (name) strncpy(p + 20, name, 255);
}
static void props(void *d, void *p) { r_props(d, p); dress(p); }
static void props2(void *d, void *p) {
  r_props2(d, p);
  dress((char *)p + 16);
  // What tells of the driver hangs in the chain.
  for (char *q = *(char **)((char *)p + 8); q; q = *(char **)(q + 8))
    if (*(uint32_t *)q == 1000196000) {
      const char *v = getenv("CARD_VERSION");
      strcpy(q + 20, "card");
      snprintf(q + 276, 256, "%s", v ? v : "1.0");
    }
}
static fn gdpa(void *d, const char *name);
static fn ours(const char *n, fn real) {
#define TAKE(NAME, KEEP, OURS) if (real && !strcmp(n, NAME)) { *(fn *)&KEEP = real; return (fn)OURS; }
  TAKE("vkQueueSubmit", r_submit, submit)
  TAKE("vkQueueSubmit2", r_submit2, submit2)
  TAKE("vkQueueSubmit2KHR", r_submit2, submit2)
  TAKE("vkAllocateMemory", r_alloc, alloc)
  TAKE("vkFreeMemory", r_free, freem)
  TAKE("vkWaitForFences", r_wait, waitf)
  TAKE("vkGetFenceStatus", r_fence, fence)
  TAKE("vkGetPhysicalDeviceProperties", r_props, props)
  TAKE("vkGetPhysicalDeviceProperties2", r_props2, props2)
  TAKE("vkGetPhysicalDeviceProperties2KHR", r_props2, props2)
  TAKE("vkGetDeviceProcAddr", real_gdpa, gdpa)
  return real;
}
static fn gdpa(void *d, const char *n) { return ours(n, real_gdpa(d, n)); }
fn vk_icdGetInstanceProcAddr(void *i, const char *n) { load(); return ours(n, real_gipa(i, n)); }
fn vk_icdGetPhysicalDeviceProcAddr(void *i, const char *n) { load(); return ours(n, real_pd(i, n)); }
int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *v) {
  load();
  int (*real)(uint32_t *) = (int (*)(uint32_t *))dlsym(lib, "vk_icdNegotiateLoaderICDInterfaceVersion");
  return real(v);
}
