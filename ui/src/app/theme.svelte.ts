// Light or dark: as the system says, until chosen otherwise.

import { remember, remembered } from './remember';

export type Choice = 'system' | 'light' | 'dark';

const system = window.matchMedia('(prefers-color-scheme: dark)');
const stored = remembered('theme');

export const theme = $state<{ choice: Choice }>({
  choice: stored === 'light' || stored === 'dark' ? stored : 'system',
});

function apply(): void {
  const isDark = theme.choice === 'system' ? system.matches : theme.choice === 'dark';
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}

export function startTheme(): void {
  apply();
  system.addEventListener('change', apply);
}

export function setTheme(choice: Choice): void {
  theme.choice = choice;
  remember('theme', choice);
  apply();
}
