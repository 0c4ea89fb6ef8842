// Which alarms a button is about. Pure, so that it can be tested.

import type { Alarm, Deed } from '../api/alarms';

/** Buttons leave out alarms with which it makes no sense. */
export function fitting(alarms: readonly Alarm[], deed: Deed): Alarm[] {
  return alarms.filter(({ alarm }) => {
    if (deed.kind === 'acknowledge') return alarm.state === 'new';
    if (deed.kind === 'reopen') return alarm.state === 'closed';
    if (deed.kind === 'release') return alarm.state === 'assigned';
    if (deed.kind === 'assign') return alarm.state !== 'closed' && alarm.assignee !== deed.assignee;
    return deed.kind === 'note' || alarm.state !== 'closed';
  });
}
