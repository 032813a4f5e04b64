import { ref, watchEffect } from 'vue';

const KEY = 'covis-theme';
type Theme = 'dark' | 'light';

function initial(): Theme {
  const saved = localStorage.getItem(KEY);
  if (saved === 'dark' || saved === 'light') return saved;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

/** Dark or light; follows the system until a person chooses. */
export const theme = ref<Theme>(initial());

watchEffect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(KEY, theme.value);
}

/** A colour token of the current theme, for canvases and charts. */
export function token(name: string): string {
  void theme.value;
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
