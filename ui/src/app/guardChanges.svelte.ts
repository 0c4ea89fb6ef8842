// Asks before a page with unsaved work is left: by a link, by the browser's buttons, by closing the tab.

import { ask } from '../lib/confirm.svelte';
import { setLeaveGuard } from './router.svelte';

/** To be called while a page is set up. */
export function guardChanges(isChanged: () => boolean, text: string): void {
  $effect(() => {
    if (!isChanged()) return;
    setLeaveGuard(() =>
      ask({ title: 'Leave without applying?', text, confirm: 'Leave', cancel: 'Stay', isDangerous: true }),
    );
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => {
      setLeaveGuard(null);
      window.removeEventListener('beforeunload', warn);
    };
  });
}
