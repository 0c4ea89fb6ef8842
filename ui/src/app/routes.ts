// Paths of the pages. Pure, so that it can be tested.

export type SoftwareTab = 'programs' | 'schedule' | 'log';

export type SettingsTab =
  'system' | 'webhooks' | 'mqtt' | 'vms' | 'mail' | 'accounts' | 'tokens' | 'device-accounts' | 'changes';

export type Route =
  | { page: 'cameras' }
  | { page: 'camera_add' }
  | { page: 'camera_live'; id: string }
  | { page: 'camera_edit'; id: string }
  | { page: 'camera_zones'; id: string }
  | { page: 'camera_demo'; id: string }
  | { page: 'camera_programs'; id: string }
  | { page: 'camera_counts'; id: string }
  | { page: 'camera_why'; id: string }
  | { page: 'camera_ground'; id: string }
  | { page: 'camera_states'; id: string }
  | { page: 'sightings' }
  | { page: 'search' }
  | { page: 'watch_lists' }
  | { page: 'statistics' }
  | { page: 'schedules'; id: string | null }
  | { page: 'software'; tab: SoftwareTab }
  | { page: 'integrations' }
  | { page: 'registration' }
  | { page: 'alarms'; id: string | null }
  | { page: 'alarm_settings' }
  | { page: 'alarm_report' }
  | { page: 'alarm_evidence' }
  | { page: 'settings'; tab: SettingsTab }
  | { page: 'setup' }
  | { page: 'sign_in' }
  | { page: 'not_found' };

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function matchRoute(path: string): Route {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [first, second, third] = parts;
  if (parts.length === 0) return { page: 'cameras' };
  if (parts.length === 1) {
    if (first === 'cameras' || first === 'setup') return { page: first };
    if (first === 'signin') return { page: 'sign_in' };
    if (first === 'alarms') return { page: 'alarms', id: null };
    if (first === 'integrations' || first === 'registration') return { page: first };
    if (first === 'sightings') return { page: 'sightings' };
    if (first === 'search') return { page: 'search' };
    if (first === 'statistics') return { page: 'statistics' };
    if (first === 'watch-lists') return { page: 'watch_lists' };
    if (first === 'schedules') return { page: 'schedules', id: null };
    if (first === 'software') return { page: 'software', tab: 'programs' };
    if (first === 'settings') return { page: 'settings', tab: 'system' };
  }
  if (first === 'cameras' && second !== undefined) {
    if (parts.length === 2)
      return second === 'new' ? { page: 'camera_add' } : { page: 'camera_live', id: second };
    if (parts.length === 3 && third === 'edit') return { page: 'camera_edit', id: second };
    if (parts.length === 3 && third === 'zones') return { page: 'camera_zones', id: second };
    for (const name of ['demo', 'programs', 'counts', 'why', 'ground', 'states'] as const)
      if (parts.length === 3 && third === name) return { page: `camera_${name}`, id: second };
  }
  if (first === 'alarms' && parts.length === 2)
    for (const name of ['settings', 'report', 'evidence'] as const)
      if (second === name) return { page: `alarm_${name}` };
  if (first === 'alarms' && second !== undefined && parts.length === 2) return { page: 'alarms', id: second };
  if (first === 'schedules' && second !== undefined && parts.length === 2)
    return { page: 'schedules', id: second };
  if (first === 'software' && parts.length === 2 && (second === 'schedule' || second === 'log'))
    return { page: 'software', tab: second };
  if (first === 'settings' && parts.length === 2)
    for (const tab of [
      'webhooks',
      'mqtt',
      'vms',
      'mail',
      'accounts',
      'tokens',
      'device-accounts',
      'changes',
    ] as const)
      if (second === tab) return { page: 'settings', tab };
  return { page: 'not_found' };
}

const id = encodeURIComponent;
export const paths = {
  cameras: '/cameras',
  addCamera: '/cameras/new',
  live: (cameraId: string) => `/cameras/${id(cameraId)}`,
  edit: (cameraId: string) => `/cameras/${id(cameraId)}/edit`,
  zones: (cameraId: string) => `/cameras/${id(cameraId)}/zones`,
  demo: (cameraId: string) => `/cameras/${id(cameraId)}/demo`,
  programs: (cameraId: string) => `/cameras/${id(cameraId)}/programs`,
  counts: (cameraId: string) => `/cameras/${id(cameraId)}/counts`,
  ground: (cameraId: string) => `/cameras/${id(cameraId)}/ground`,
  states: (cameraId: string) => `/cameras/${id(cameraId)}/states`,
  why: (cameraId: string) => `/cameras/${id(cameraId)}/why`,
  sightings: '/sightings',
  search: '/search',
  watchLists: '/watch-lists',
  statistics: '/statistics',
  /** Looks for somebody again: by a sighting, or by a best shot and its picture. */
  findAgain: (by: { sighting: number } | { shot: number }, program: string, picture: string) =>
    `/search?${new URLSearchParams({
      ...('sighting' in by ? { sighting: String(by.sighting) } : { shot: String(by.shot) }),
      program,
      picture,
    })}`,
  schedules: '/schedules',
  schedule: (scheduleId: string) => `/schedules/${id(scheduleId)}`,
  software: '/software',
  operationSchedule: '/software/schedule',
  controlLog: '/software/log',
  integrations: '/integrations',
  registration: '/registration',
  alarms: '/alarms',
  alarmSettings: '/alarms/settings',
  alarmReport: '/alarms/report',
  evidence: '/alarms/evidence',
  alarm: (eventId: string) => `/alarms/${id(eventId)}`,
  settings: '/settings',
  webhooks: '/settings/webhooks',
  accounts: '/settings/accounts',
  tokens: '/settings/tokens',
  mqtt: '/settings/mqtt',
  vms: '/settings/vms',
  mail: '/settings/mail',
  deviceAccounts: '/settings/device-accounts',
  changes: '/settings/changes',
};
