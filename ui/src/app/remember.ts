// Choices kept in this browser only. A browser that forbids storage simply forgets.

type Key = 'theme' | 'sound' | 'sounds';

export function remembered(key: Key): string | null {
  try {
    return localStorage.getItem(`airelay.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: Key, value: string): void {
  try {
    localStorage.setItem(`airelay.${key}`, value);
  } catch {
    // Private mode: the choice holds until the page is closed.
  }
}
