// A drawn street for the mock server: people walk, cars pass, boxes are known exactly.

import { encodeJpeg } from './jpeg.mjs';

export const WIDTH = 640;
export const HEIGHT = 360;
export const FPS = 5;
/** The scene repeats after this many frames. */
export const LOOP = 150;

function noise(n) {
  const value = Math.sin(n * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

class Canvas {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8ClampedArray(width * height * 3);
  }
  set(x, y, [r, g, b]) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 3;
    this.data[at] = r;
    this.data[at + 1] = g;
    this.data[at + 2] = b;
  }
  rect(x1, y1, x2, y2, colour) {
    for (let y = Math.round(y1); y < Math.round(y2); y += 1)
      for (let x = Math.round(x1); x < Math.round(x2); x += 1) this.set(x, y, colour);
  }
  ellipse(cx, cy, rx, ry, colour) {
    for (let y = Math.floor(cy - ry); y <= cy + ry; y += 1)
      for (let x = Math.floor(cx - rx); x <= cx + rx; x += 1)
        if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1) this.set(x, y, colour);
  }
}

function background(seed, isNight) {
  const canvas = new Canvas(WIDTH, HEIGHT);
  const dim = isNight ? 0.34 : 1;
  const shade = ([r, g, b]) =>
    isNight ? [r, g, b].map((_, n) => (r * 0.3 + g * 0.5 + b * 0.2) * dim + (n === 2 ? 6 : 0)) : [r, g, b];
  for (let y = 0; y < 130; y += 1)
    canvas.rect(0, y, WIDTH, y + 1, shade([150 + y / 3, 180 + y / 3, 210 + y / 5]));
  let x = 0;
  for (let n = 0; x < WIDTH; n += 1) {
    const width = 70 + noise(seed + n) * 90;
    const top = 30 + noise(seed * 3 + n) * 60;
    const tone = 110 + noise(seed * 7 + n) * 70;
    canvas.rect(x, top, x + width, 180, shade([tone, tone * 0.93, tone * 0.84]));
    for (let wy = top + 12; wy < 160; wy += 26)
      for (let wx = x + 10; wx < x + width - 16; wx += 24)
        canvas.rect(
          wx,
          wy,
          wx + 12,
          wy + 16,
          isNight && noise(wx + wy) > 0.7 ? [210, 190, 120] : shade([70, 84, 100]),
        );
    x += width + 4;
  }
  canvas.rect(0, 180, WIDTH, 216, shade([170, 168, 162]));
  for (let px = 0; px < WIDTH; px += 32) canvas.rect(px, 180, px + 1, 216, shade([150, 148, 142]));
  canvas.rect(0, 214, WIDTH, 218, shade([205, 203, 198]));
  canvas.rect(0, 218, WIDTH, 300, shade([84, 86, 90]));
  for (let px = 10; px < WIDTH; px += 64) canvas.rect(px, 257, px + 34, 261, shade([222, 220, 210]));
  canvas.rect(0, 300, WIDTH, HEIGHT, shade([128, 146, 104]));
  canvas.rect(0, 300, WIDTH, 304, shade([205, 203, 198]));
  for (let n = 0; n < 500; n += 1)
    canvas.rect(
      noise(n + seed) * WIDTH,
      306 + noise(n * 2 + 1) * 54,
      noise(n + seed) * WIDTH + 2,
      307 + noise(n * 2 + 1) * 54,
      shade([112, 132, 90]),
    );
  for (let n = 0; n < canvas.data.length; n += 1) canvas.data[n] += (noise(n) - 0.5) * 5;
  return canvas;
}

/** Where everything is in frame `n`: id, class and box 0..=1. */
export function objectsAt(seed, n) {
  const t = (n % LOOP) / LOOP;
  const walk = (id, klass, from, to, feetY, height, width, speed, phase) => {
    const x = from + (to - from) * ((t * speed + phase) % 1);
    return { id: String(seed * 10 + id), class: klass, x, feetY, height, width, phase: n };
  };
  const all = [
    walk(1, 'person', -30, 670, 212, 66, 22, 1, 0.1),
    walk(2, 'person', 670, -30, 350, 104, 36, 1, 0.45),
    walk(3, 'car', 760, -120, 258, 56, 124, 2, 0.2),
    walk(4, 'car', -140, 780, 298, 66, 146, 3, 0.7),
    walk(5, 'bicycle', -60, 700, 222, 62, 54, 2, 0.55),
  ];
  return all.map((object) => {
    const { x, feetY, height, width } = object;
    const box = [(x - width / 2) / WIDTH, (feetY - height) / HEIGHT, (x + width / 2) / WIDTH, feetY / HEIGHT];
    return { ...object, bbox: box.map((value) => Math.min(1, Math.max(0, Math.round(value * 1e4) / 1e4))) };
  });
}

function drawObject(canvas, object, isNight) {
  const { x, feetY, height: h, width: w, class: klass, id } = object;
  const hue = Number(id) * 71;
  const base = [60 + (hue % 150), 50 + ((hue * 3) % 130), 60 + ((hue * 7) % 150)];
  const colour = isNight ? base.map((value) => value * 0.45 + 30) : base;
  if (klass === 'car') {
    canvas.rect(x - w / 2, feetY - h * 0.6, x + w / 2, feetY - h * 0.16, colour);
    canvas.ellipse(x, feetY - h * 0.6, w * 0.32, h * 0.4, colour);
    canvas.rect(x - w * 0.24, feetY - h * 0.86, x - w * 0.02, feetY - h * 0.6, [58, 70, 82]);
    canvas.rect(x + w * 0.02, feetY - h * 0.86, x + w * 0.24, feetY - h * 0.6, [58, 70, 82]);
    for (const side of [-0.3, 0.3])
      canvas.ellipse(x + side * w, feetY - h * 0.15, h * 0.16, h * 0.16, [24, 24, 26]);
    return;
  }
  if (klass === 'bicycle') {
    for (const side of [-0.28, 0.28]) {
      canvas.ellipse(x + side * w, feetY - h * 0.2, h * 0.2, h * 0.2, [30, 30, 32]);
      canvas.ellipse(x + side * w, feetY - h * 0.2, h * 0.15, h * 0.15, [100, 102, 106]);
    }
  }
  const lean = klass === 'bicycle' ? 0.8 : 1;
  const step = Math.sin(object.phase * 1.3) * w * 0.22;
  canvas.rect(
    x - w * 0.16 + step,
    feetY - h * 0.48,
    x - w * 0.02 + step,
    feetY - (1 - lean) * h,
    [44, 50, 66],
  );
  canvas.rect(
    x + w * 0.02 - step,
    feetY - h * 0.48,
    x + w * 0.16 - step,
    feetY - (1 - lean) * h,
    [38, 44, 58],
  );
  canvas.ellipse(x, feetY - h * 0.62, w * 0.28, h * 0.22, colour);
  canvas.ellipse(x, feetY - h * 0.91, h * 0.08, h * 0.09, [206, 168, 140]);
}

const backgrounds = new Map();
const frames = new Map();

function paint(seed, isNight, n) {
  const key = `${seed}/${isNight}`;
  if (!backgrounds.has(key)) backgrounds.set(key, background(seed, isNight));
  const canvas = new Canvas(WIDTH, HEIGHT);
  canvas.data.set(backgrounds.get(key).data);
  const objects = objectsAt(seed, n);
  for (const object of objects.sort((a, b) => a.feetY - b.feetY)) drawObject(canvas, object, isNight);
  return canvas;
}

export function frameJpeg(seed, isNight, n) {
  const key = `${seed}/${isNight}/${n % LOOP}`;
  if (!frames.has(key)) frames.set(key, encodeJpeg(paint(seed, isNight, n % LOOP), 80));
  return frames.get(key);
}

/** The crop around a box with a margin, twice as large. */
export function shotJpeg(seed, isNight, n, bbox) {
  const canvas = paint(seed, isNight, n % LOOP);
  const [w, h] = [(bbox[2] - bbox[0]) * WIDTH, (bbox[3] - bbox[1]) * HEIGHT];
  const [x1, y1] = [
    Math.max(0, Math.floor(bbox[0] * WIDTH - w * 0.3)),
    Math.max(0, Math.floor(bbox[1] * HEIGHT - h * 0.15)),
  ];
  const [x2, y2] = [
    Math.min(WIDTH, Math.ceil(bbox[2] * WIDTH + w * 0.3)),
    Math.min(HEIGHT, Math.ceil(bbox[3] * HEIGHT + h * 0.15)),
  ];
  const crop = new Canvas((x2 - x1) * 2, (y2 - y1) * 2);
  for (let y = 0; y < crop.height; y += 1)
    for (let x = 0; x < crop.width; x += 1) {
      const at = ((y1 + (y >> 1)) * WIDTH + x1 + (x >> 1)) * 3;
      crop.set(x, y, canvas.data.subarray(at, at + 3));
    }
  return { jpeg: encodeJpeg(crop, 85), width_px: crop.width, height_px: crop.height };
}
