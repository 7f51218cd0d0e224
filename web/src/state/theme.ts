/** Light or dark: as the system has it until someone chooses. */
import { ref, watchEffect } from 'vue';

export type Theme = 'light' | 'dark';
const KEY = 'minipulse.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | null {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : null;
}

export const theme = ref<Theme>(chosen() ?? (system.matches ? 'dark' : 'light'));

system.addEventListener('change', (event) => {
  if (!chosen()) theme.value = event.matches ? 'dark' : 'light';
});

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(KEY, theme.value);
}

watchEffect(() => {
  document.documentElement.setAttribute('theme-mode', theme.value);
  document.documentElement.style.colorScheme = theme.value;
});
