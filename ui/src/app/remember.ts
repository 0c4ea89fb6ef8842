// Choices kept in this browser only. A browser that forbids storage simply forgets.

export function remembered(key: 'theme' | 'sound'): string | null {
  try {
    return localStorage.getItem(`airelay.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: 'theme' | 'sound', value: string): void {
  try {
    localStorage.setItem(`airelay.${key}`, value);
  } catch {
    // Private mode: the choice holds until the page is closed.
  }
}
