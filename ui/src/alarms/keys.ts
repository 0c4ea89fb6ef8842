// The keys of the alarms page. Pure: which key means what, and when it means nothing.

export interface KeyHelp {
  keys: string[];
  text: string;
}

/** For the help sheet, in the order in which an operator needs them. */
export const KEY_HELP: KeyHelp[] = [
  { keys: ['j', '↓'], text: 'Next line' },
  { keys: ['k', '↑'], text: 'Line before' },
  { keys: ['Enter', 'o'], text: 'Open the alarm' },
  { keys: ['e'], text: 'Unfold or fold an incident' },
  { keys: ['x'], text: 'Choose the line, or not' },
  { keys: ['X'], text: 'Choose all lines, or none' },
  { keys: ['a'], text: 'Acknowledge' },
  { keys: ['m'], text: 'Assign to me' },
  { keys: ['g'], text: 'Assign to somebody' },
  { keys: ['c'], text: 'Close, with a reason (1 to 5)' },
  { keys: ['r'], text: 'Reopen' },
  { keys: ['n'], text: 'Write a note' },
  { keys: ['Esc'], text: 'Choose none; close the alarm that is open' },
  { keys: ['?'], text: 'This help' },
];

export type Command =
  | 'next'
  | 'before'
  | 'open'
  | 'fold'
  | 'choose'
  | 'choose_all'
  | 'acknowledge'
  | 'mine'
  | 'assign'
  | 'close'
  | 'reopen'
  | 'note'
  | 'leave'
  | 'help';

const COMMANDS: Record<string, Command> = {
  j: 'next',
  ArrowDown: 'next',
  k: 'before',
  ArrowUp: 'before',
  o: 'open',
  e: 'fold',
  x: 'choose',
  X: 'choose_all',
  a: 'acknowledge',
  m: 'mine',
  g: 'assign',
  c: 'close',
  r: 'reopen',
  n: 'note',
  Escape: 'leave',
  '?': 'help',
};

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a key means; null while somebody types or chooses in a field, and with Ctrl and the like. */
export function commandOf(pressed: Pressed, fieldType: string | null): Command | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const command = COMMANDS[pressed.key] ?? null;
  // Arrows belong to what is chosen among; letters mean nothing there.
  if (fieldType === 'radio') return pressed.key.startsWith('Arrow') ? null : command;
  return fieldType === null || fieldType === 'checkbox' || fieldType === 'button' ? command : null;
}

/** What kind of field has the keys; null for none. */
export function fieldTypeOf(target: EventTarget | null): string | null {
  if (target instanceof HTMLInputElement) return target.type;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return 'text';
  return null;
}
