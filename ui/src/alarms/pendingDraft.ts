// A draft on its way from a false alarm to Zones and rules: kept for one step, so that it opens there.

import type { CameraSettings } from '../api/types';

export interface PendingDraft {
  cameraId: string;
  change: Partial<Omit<CameraSettings, 'link'>>;
  ruleId: number;
}
let pending: PendingDraft | null = null;

export function leaveDraft(draft: PendingDraft): void {
  pending = draft;
}

/** The draft for this camera, once. */
export function takeDraft(cameraId: string): PendingDraft | null {
  const draft = pending?.cameraId === cameraId ? pending : null;
  pending = null;
  return draft;
}
