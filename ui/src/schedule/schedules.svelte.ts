// The site's schedules, loaded once and kept for every page that names one.

import * as api from '../api/analyticsClient';
import type { Schedule } from '../api/analytics';
import { messageOf } from '../api/errors';

export const schedules = $state<{ list: Schedule[] | null; error: string | null }>({
  list: null,
  error: null,
});

export async function loadSchedules(): Promise<void> {
  try {
    schedules.list = await api.listSchedules();
    schedules.error = null;
  } catch (error) {
    schedules.error = messageOf(error);
  }
}

export const scheduleName = (scheduleId: string | null): string =>
  scheduleId === null
    ? 'Always'
    : (schedules.list?.find(({ id }) => id === scheduleId)?.name ?? 'By schedule');
