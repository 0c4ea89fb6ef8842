import { expect, it } from 'vitest';
import { commandOf, KEY_HELP } from './keys';

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

it('keys mean something unless somebody types', () => {
  expect(commandOf(press('j'), null)).toBe('next');
  expect(commandOf(press('x'), 'checkbox')).toBe('choose');
  expect(commandOf(press('c'), 'text')).toBeNull();
  expect(commandOf(press('j'), 'radio')).toBe('next');
  expect(commandOf(press('ArrowDown'), 'radio')).toBeNull();
  expect(commandOf(press('a', { ctrlKey: true }), null)).toBeNull();
  expect(commandOf(press('q'), null)).toBeNull();
});

it('every key of the help sheet does something', () => {
  const names: Record<string, string> = { '↓': 'ArrowDown', '↑': 'ArrowUp', Esc: 'Escape' };
  for (const { keys } of KEY_HELP)
    for (const key of keys) {
      // A link or button that has the focus takes Enter itself.
      if (key !== 'Enter') expect(commandOf(press(names[key] ?? key), null), key).not.toBeNull();
    }
});
