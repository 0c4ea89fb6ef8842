// What is done with alarms: sends it, keeps what came of it, and how to take it back.

import { handleAlarms, type Alarm, type Deed, type Handled, type HandleResult } from '../api/alarms';
import { messageOf } from '../api/errors';
import { didText } from './words';
import { formatTime } from '../lib/format';

/** What came of it, for people. */
export interface Told {
  tone: 'ok' | 'warn' | 'bad';
  text: string;
  /** One line for each alarm that it was not done with. */
  lines: string[];
  /** Alarms that were closed just now. */
  closed: Handled[];
}

const DONE: Record<Deed['kind'], string> = {
  acknowledge: 'acknowledged',
  assign: 'assigned',
  release: 'taken back',
  close: 'closed',
  reopen: 'reopened',
  note: 'noted',
};
const counted = (n: number) => (n === 1 ? '1 alarm' : `${n} alarms`);

export class AlarmDesk {
  told = $state.raw<Told | null>(null);
  isBusy = $state(false);
  #onHandled: (handled: readonly Handled[]) => void;

  constructor(onHandled: (handled: readonly Handled[]) => void) {
    this.#onHandled = onHandled;
  }

  /** Whether it was done with all of them. */
  async handle(alarms: readonly Alarm[], deed: Deed): Promise<boolean> {
    if (alarms.length === 0 || this.isBusy) return false;
    this.isBusy = true;
    this.told = null;
    try {
      const result = await handleAlarms(alarms, deed);
      this.#onHandled([...result.handled, ...result.conflicts]);
      this.told = told(result, deed, alarms);
      return result.conflicts.length === 0 && result.refused.length === 0;
    } catch (reason) {
      this.told = { tone: 'bad', text: messageOf(reason), lines: [], closed: [] };
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}

function told(result: HandleResult, deed: Deed, alarms: readonly Alarm[]): Told {
  const { handled, conflicts, refused } = result;
  const nameOf = (id: string) => {
    const alarm = alarms.find((one) => one.id === id);
    return alarm === undefined ? id : `${alarm.rule_name} at ${alarm.camera_name}`;
  };
  const lines = [
    ...conflicts.map(({ id, since }) => {
      const last = since.at(-1);
      const what = last === undefined ? 'somebody changed it' : `${last.who} ${didText(last)}`;
      const when = last === undefined ? '' : `, ${formatTime(last.at, Date.now())}`;
      return `${nameOf(id)}: ${what} meanwhile${when}. Look at it again.`;
    }),
    ...refused.map(({ id, message }) => `${nameOf(id)}: ${message}.`),
  ];
  const done = handled.length > 0 ? `${counted(handled.length)} ${DONE[deed.kind]}.` : 'Nothing was done.';
  return {
    tone: lines.length > 0 ? 'warn' : 'ok',
    text: lines.length > 0 ? `${done} Not done with ${counted(lines.length)}:` : done,
    lines,
    closed: deed.kind === 'close' ? handled : [],
  };
}
