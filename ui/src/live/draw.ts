// Draws one live record on a canvas: the picture, motion, boxes with their labels.
//
// Sizes are in CSS pixels; the canvas holds `ratio` device pixels for each.

import { classWord, percent } from '../lib/format';
import type { Box, LiveScene, LiveTrack } from '../api/types';

export interface Layers {
  boxes: boolean;
  motion: boolean;
}

const COLOURS: Record<string, string> = { person: '#ffd23f', bicycle: '#5ee6a8', motorcycle: '#5ee6a8' };
const VEHICLE = '#62c6ff';
const MOTION = '#ff5ad9';
const FONT_PX = 12;

function place([x1, y1, x2, y2]: Box, width: number, height: number): [number, number, number, number] {
  return [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height];
}

function dashOf(track: LiveTrack): number[] {
  if (track.state === 'lost') return [3, 5];
  return track.state === 'tentative' ? [7, 4] : [];
}

export function labelOf(track: LiveTrack): string {
  const note = track.state === 'lost' ? ', lost' : track.is_stationary ? ', still' : '';
  return `${classWord(track.class)} ${track.id} · ${percent(track.score)}${note}`;
}

function drawTrack(context: CanvasRenderingContext2D, track: LiveTrack, width: number, height: number): void {
  const [x, y, w, h] = place(track.bbox, width, height);
  const colour = COLOURS[track.class] ?? VEHICLE;
  context.setLineDash(dashOf(track));
  context.lineWidth = 4;
  context.strokeStyle = 'rgb(0 0 0 / 55%)';
  context.strokeRect(x, y, w, h);
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.strokeRect(x, y, w, h);
  context.setLineDash([]);

  const label = labelOf(track);
  const labelWidth = context.measureText(label).width + 8;
  const labelX = Math.max(0, Math.min(x - 1, width - labelWidth));
  const labelY = y >= FONT_PX + 7 ? y - FONT_PX - 7 : Math.min(y + h, height - FONT_PX - 6);
  context.fillStyle = colour;
  context.fillRect(labelX, labelY, labelWidth, FONT_PX + 6);
  context.fillStyle = '#101418';
  context.fillText(label, labelX + 4, labelY + FONT_PX + 1);
}

export function drawRecord(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap,
  scene: LiveScene,
  layers: Layers,
  size: { width: number; height: number; ratio: number },
): void {
  const context = canvas.getContext('2d');
  if (context === null || size.width === 0) return;
  const { width, height, ratio } = size;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.drawImage(picture, 0, 0, width, height);
  context.font = `600 ${FONT_PX}px system-ui, sans-serif`;
  if (layers.motion) {
    context.setLineDash([2, 3]);
    context.lineWidth = 1.5;
    context.strokeStyle = MOTION;
    context.fillStyle = 'rgb(255 90 217 / 14%)';
    for (const box of scene.motion) {
      const [x, y, w, h] = place(box, width, height);
      context.fillRect(x, y, w, h);
      context.strokeRect(x, y, w, h);
    }
    context.setLineDash([]);
  }
  if (layers.boxes) for (const track of scene.tracks) drawTrack(context, track, width, height);
}
