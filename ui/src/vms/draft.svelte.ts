// A VMS server's settings while somebody types them.

import type { Vms, VmsInput, VmsSystem } from '../api/vms';
import { EVENT_KINDS } from '../sinks/kinds';
import { usualPort } from './words';

const blank = (text: string) => (text.trim() === '' ? null : text.trim());

export class VmsDraft {
  type = $state<VmsSystem['type']>('milestone');
  name = $state('');
  host = $state('');
  /** null = the system's usual one. */
  port = $state<number | null>(null);
  isTls = $state(true);
  fingerprint = $state('');
  user = $state('');
  /** undefined = keep the stored one. */
  password = $state<string | undefined>('');
  isEnabled = $state(true);
  kinds = $state<string[]>(EVENT_KINDS.filter((kind) => kind !== 'program'));
  hasEnds = $state(false);
  notificationPort = $state(9090);
  hasAlarms = $state(false);
  eventName = $state('airelay {kind}');
  priority = $state(1);
  applicationId = $state('');
  basePath = $state('WebSdk');
  firstEventNumber = $state(5000);
  alarmId = $state('');
  hasBookmarks = $state(false);
  private timeoutS = 10;

  constructor(start: Vms | null) {
    if (start === null) return;
    const system = start.system;
    this.type = system.type;
    this.name = start.name;
    this.host = start.host;
    this.port = start.port === usualPort(system.type, start.is_tls) ? null : start.port;
    this.isTls = start.is_tls;
    this.fingerprint = start.fingerprint ?? '';
    this.user = start.user;
    this.password = undefined;
    this.isEnabled = start.is_enabled;
    this.kinds = [...start.kinds];
    this.hasEnds = start.has_ends;
    this.timeoutS = start.timeout_s;
    if (system.type === 'milestone') {
      this.notificationPort = system.notification_port;
      this.hasAlarms = system.has_alarms;
      this.eventName = system.event_name;
      this.priority = system.priority;
    } else {
      this.applicationId = system.application_id;
      this.basePath = system.base_path;
      this.firstEventNumber = system.first_event_number;
      this.alarmId = system.alarm_id ?? '';
      this.hasBookmarks = system.has_bookmarks;
    }
  }

  get system(): VmsSystem {
    if (this.type === 'milestone')
      return {
        type: 'milestone',
        notification_port: this.notificationPort,
        has_alarms: this.hasAlarms,
        event_name: this.eventName.trim(),
        priority: this.priority,
      };
    return {
      type: 'genetec',
      application_id: this.applicationId.trim(),
      base_path: this.basePath.trim(),
      first_event_number: this.firstEventNumber,
      alarm_id: blank(this.alarmId),
      has_bookmarks: this.hasBookmarks,
    };
  }

  input(): VmsInput {
    return {
      name: this.name.trim(),
      is_enabled: this.isEnabled,
      host: this.host.trim(),
      ...(this.port === null ? {} : { port: this.port }),
      is_tls: this.isTls,
      fingerprint: blank(this.fingerprint),
      user: this.user.trim(),
      ...(this.password === undefined ? {} : { password: this.password }),
      timeout_s: this.timeoutS,
      kinds: [...this.kinds],
      has_ends: this.hasEnds,
      system: this.system,
    };
  }
}
