import { expect, it } from 'vitest';
import { matchRoute, paths } from './routes';

it.each([
  ['/', { page: 'cameras' }],
  ['/cameras/', { page: 'cameras' }],
  [paths.addCamera, { page: 'camera_add' }],
  [paths.live('gate-2'), { page: 'camera_live', id: 'gate-2' }],
  [paths.zones('a b/c'), { page: 'camera_zones', id: 'a b/c' }],
  [paths.demo('x'), { page: 'camera_demo', id: 'x' }],
  [paths.why('x'), { page: 'camera_why', id: 'x' }],
  [paths.schedule('a/b'), { page: 'schedules', id: 'a/b' }],
  [paths.controlLog, { page: 'software', tab: 'log' }],
  ['/software/nonsense', { page: 'not_found' }],
  [paths.search, { page: 'search' }],
  [paths.watchLists, { page: 'watch_lists' }],
  [paths.statistics, { page: 'statistics' }],
  [paths.edit('x'), { page: 'camera_edit', id: 'x' }],
  [paths.alarm('01ABC'), { page: 'alarms', id: '01ABC' }],
  [paths.webhooks, { page: 'settings', tab: 'webhooks' }],
  [paths.accounts, { page: 'settings', tab: 'accounts' }],
  [paths.tokens, { page: 'settings', tab: 'tokens' }],
  [paths.mqtt, { page: 'settings', tab: 'mqtt' }],
  [paths.changes, { page: 'settings', tab: 'changes' }],
  ['/settings/nonsense', { page: 'not_found' }],
  ['/setup', { page: 'setup' }],
  ['/cameras/x/nonsense', { page: 'not_found' }],
  ['/cameras/%E0%A4%A', { page: 'camera_live', id: '%E0%A4%A' }],
])('%s', (path, route) => expect(matchRoute(path)).toEqual(route));
