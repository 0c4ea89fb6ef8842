// Draws one picture of a clip with its boxes; the object that caused the alarm stands out.

import type { ClipFrame } from '../api/clips';
import { drawRecord } from '../live/draw';

const ALARM = '#ff4d4d';

interface Size {
  width: number;
  height: number;
  ratio: number;
}

export function drawFrame(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap,
  frame: ClipFrame,
  look: { hasBoxes: boolean; trackId: number | null },
  size: Size,
): void {
  const tracks = frame.tracks.map((track) => ({
    ...track,
    state: 'confirmed' as const,
    is_stationary: false,
  }));
  const scene = { seq: 0, captured_at: frame.at, tracks, motion: [], active_zones: [] };
  drawRecord(canvas, picture, scene, { boxes: look.hasBoxes, motion: false }, size);
  const own = tracks.find(({ id }) => id === look.trackId);
  const context = canvas.getContext('2d');
  if (own === undefined || context === null || !look.hasBoxes) return;
  const [x1, y1, x2, y2] = own.bbox;
  const [x, y] = [x1 * size.width - 4, y1 * size.height - 4];
  const [w, h] = [(x2 - x1) * size.width + 8, (y2 - y1) * size.height + 8];
  context.lineWidth = 7;
  context.strokeStyle = 'rgb(0 0 0 / 60%)';
  context.strokeRect(x, y, w, h);
  context.lineWidth = 4;
  context.strokeStyle = ALARM;
  context.strokeRect(x, y, w, h);
}
