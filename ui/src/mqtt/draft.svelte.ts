// A broker's settings while somebody types them.

import type { Broker, BrokerInput } from '../api/brokers';

const blank = (text: string) => (text.trim() === '' ? null : text.trim());

export class Draft {
  name = $state('');
  address = $state('');
  isEnabled = $state(true);
  prefix = $state('airelay');
  user = $state('');
  /** undefined = keep the stored one. */
  password = $state<string | undefined>('');
  certificate = $state<string | undefined>('');
  key = $state<string | undefined>('');
  fingerprint = $state('');
  qos = $state(1);
  sendsEvents = $state(true);
  eventFilter = $state('');
  sendsScenes = $state(false);
  hasHome = $state(false);
  discoveryPrefix = $state('homeassistant');

  constructor(start: Broker | null) {
    if (start === null) return;
    this.name = start.name;
    this.address = start.address;
    this.isEnabled = start.is_enabled;
    this.prefix = start.topic_prefix;
    this.user = start.user ?? '';
    this.password = start.has_password ? undefined : '';
    this.certificate = start.has_certificate ? undefined : '';
    this.key = start.has_certificate ? undefined : '';
    this.fingerprint = start.fingerprint ?? '';
    this.qos = start.qos;
    this.sendsEvents = start.sends_events;
    this.eventFilter = start.event_filter ?? '';
    this.sendsScenes = start.sends_scenes;
    this.hasHome = start.has_home_assistant;
    this.discoveryPrefix = start.discovery_prefix;
  }

  input(): BrokerInput {
    return {
      name: this.name.trim(),
      address: this.address.trim(),
      is_enabled: this.isEnabled,
      topic_prefix: this.prefix.trim(),
      user: blank(this.user),
      ...(this.password === undefined ? {} : { password: this.password }),
      ...(this.certificate === undefined ? {} : { certificate: this.certificate }),
      ...(this.key === undefined ? {} : { key: this.key }),
      fingerprint: blank(this.fingerprint),
      qos: this.qos,
      sends_events: this.sendsEvents,
      event_filter: blank(this.eventFilter),
      sends_scenes: this.sendsScenes,
      has_home_assistant: this.hasHome,
      discovery_prefix: this.discoveryPrefix.trim(),
    };
  }
}
