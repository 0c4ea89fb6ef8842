// Draws one live record on a canvas: the picture, motion, boxes with their labels.
//
// Sizes are in CSS pixels; the canvas holds `ratio` device pixels for each.

import { classWord } from '../lib/format';
import type { Box, LiveScene, LiveTrack } from '../api/types';

export interface Layers {
  boxes: boolean;
  motion: boolean;
}

const COLOURS: Record<string, string> = { person: '#ffd23f', bicycle: '#5ee6a8', motorcycle: '#5ee6a8' };
const VEHICLE = '#62c6ff';
const MOTION = '#ff5ad9';
const FONT_PX = 12;
const LABEL_PX = FONT_PX + 6;

function place([x1, y1, x2, y2]: Box, width: number, height: number): [number, number, number, number] {
  return [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height];
}

function dashOf(track: LiveTrack): number[] {
  if (track.state === 'lost') return [3, 5];
  return track.state === 'tentative' ? [7, 4] : [];
}

function colourOf(track: LiveTrack): string {
  return COLOURS[track.class] ?? VEHICLE;
}

export const labelOf = (track: LiveTrack) => `${classWord(track.class)} ${track.id}`;

function drawBox(context: CanvasRenderingContext2D, track: LiveTrack, width: number, height: number): void {
  const [x, y, w, h] = place(track.bbox, width, height);
  context.setLineDash(dashOf(track));
  context.lineWidth = 4;
  context.strokeStyle = 'rgb(0 0 0 / 55%)';
  context.strokeRect(x, y, w, h);
  context.lineWidth = 2;
  context.strokeStyle = colourOf(track);
  context.strokeRect(x, y, w, h);
  context.setLineDash([]);
}

/** x, y, width, height in CSS pixels. */
export type Place = [number, number, number, number];

const overlap = ([ax, ay, aw, ah]: Place, [bx, by, bw, bh]: Place) =>
  ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;

/**
 * Where labels go so that none covers another: above its box, else below, else inside at the top.
 * The nearest objects (largest boxes) choose first; null = no room, the table still names it.
 */
export function placeLabels(boxes: readonly Place[], widths: readonly number[], picture: [number, number]) {
  const placed: (Place | null)[] = boxes.map(() => null);
  const taken: Place[] = [];
  const order = [...boxes.keys()].sort((a, b) => areaOf(boxes[b]) - areaOf(boxes[a]));
  for (const index of order) {
    const [box, width] = [boxes[index], widths[index]];
    if (box === undefined || width === undefined) continue;
    const [x, y, , h] = box;
    const left = Math.max(0, Math.min(x - 1, picture[0] - width));
    const spot = [y - LABEL_PX - 1, y + h + 1, y + 1]
      .map((top): Place => [left, top, width, LABEL_PX])
      .find(
        (at) => at[1] >= 0 && at[1] + LABEL_PX <= picture[1] && !taken.some((other) => overlap(other, at)),
      );
    if (spot === undefined) continue;
    taken.push(spot);
    placed[index] = spot;
  }
  return placed;
}

function areaOf(box: Place | undefined): number {
  return box === undefined ? 0 : box[2] * box[3];
}

function drawTracks(
  context: CanvasRenderingContext2D,
  tracks: readonly LiveTrack[],
  width: number,
  height: number,
): void {
  for (const track of tracks) drawBox(context, track, width, height);
  // Who is out of sight keeps a dashed box without a name.
  const named = tracks.filter(({ state }) => state !== 'lost');
  const places = placeLabels(
    named.map(({ bbox }) => place(bbox, width, height)),
    named.map((track) => context.measureText(labelOf(track)).width + 8),
    [width, height],
  );
  named.forEach((track, index) => {
    const spot = places[index];
    if (!spot) return;
    context.fillStyle = colourOf(track);
    context.fillRect(...spot);
    context.fillStyle = '#101418';
    context.fillText(labelOf(track), spot[0] + 4, spot[1] + FONT_PX + 1);
  });
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
  if (layers.boxes) drawTracks(context, scene.tracks, width, height);
}
