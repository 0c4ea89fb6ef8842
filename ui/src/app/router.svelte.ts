// Client-side paths: which page is shown, and a guard against leaving unsaved work.

import { matchRoute, type Route } from './routes';

interface Here {
  path: string;
  query: URLSearchParams;
  route: Route;
}

function read(): Here {
  const { pathname, search } = window.location;
  return { path: pathname, query: new URLSearchParams(search), route: matchRoute(pathname) };
}

export const here = $state<{ now: Here }>({ now: read() });

/** Asked before another page is shown; resolves to whether that is fine. */
type Guard = (() => Promise<boolean>) | null;
let guard: Guard = null;

export function setLeaveGuard(next: Guard): void {
  guard = next;
}

export async function navigate(
  to: string,
  options: { replace?: boolean; force?: boolean } = {},
): Promise<void> {
  const target = new URL(to, window.location.origin);
  const leaves = target.pathname !== window.location.pathname;
  if (leaves && guard !== null && options.force !== true && !(await guard())) return;
  if (leaves) guard = null;
  window.history[options.replace === true ? 'replaceState' : 'pushState'](null, '', to);
  here.now = read();
  if (leaves) window.scrollTo(0, 0);
}

/** Back and forward buttons: asks the guard, and steps back to the page when told to stay. */
async function onPopState(): Promise<void> {
  const before = here.now.path + (here.now.query.size > 0 ? `?${here.now.query}` : '');
  if (guard !== null && window.location.pathname !== here.now.path) {
    const target = window.location.pathname + window.location.search;
    window.history.pushState(null, '', before);
    if (!(await guard())) return;
    guard = null;
    window.history.replaceState(null, '', target);
  }
  here.now = read();
}

/** Follows plain clicks on links to our own pages without loading the page anew. */
function onClick(click: MouseEvent): void {
  if (click.defaultPrevented || click.button !== 0) return;
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
  const link = (click.target as Element | null)?.closest('a');
  if (!link || link.origin !== window.location.origin || link.target !== '' || link.hasAttribute('download'))
    return;
  if (link.pathname.startsWith('/api/') || link.hash !== '') return;
  click.preventDefault();
  void navigate(link.pathname + link.search);
}

export function startRouter(): void {
  window.addEventListener('popstate', () => void onPopState());
  document.addEventListener('click', onClick);
}
