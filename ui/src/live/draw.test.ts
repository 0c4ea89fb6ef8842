import { describe, expect, it } from 'vitest';
import { placeLabels, type Place } from './draw';

const PICTURE: [number, number] = [400, 300];

describe('placeLabels', () => {
  it('stands above the box, and below it at the upper edge', () => {
    const boxes: Place[] = [
      [100, 100, 40, 80],
      [250, 2, 40, 80],
    ];
    const [first, second] = placeLabels(boxes, [60, 60], PICTURE);
    expect(first?.[1]).toBeLessThan(100);
    expect(second?.[1]).toBeGreaterThan(82);
  });

  it('never covers another label, and the larger box is named first', () => {
    const boxes = Array.from({ length: 30 }, (_, n): Place => [150 + n, 120, 20 + n, 40 + n]);
    const places = placeLabels(
      boxes,
      boxes.map(() => 80),
      PICTURE,
    );
    expect(places.at(-1)).not.toBeNull();
    const shown = places.filter((place) => place !== null);
    for (const [index, [ax, ay, aw, ah]] of shown.entries()) {
      for (const [bx, by, bw, bh] of shown.slice(index + 1)) {
        expect(ax >= bx + bw || bx >= ax + aw || ay >= by + bh || by >= ay + ah).toBe(true);
      }
    }
    expect(shown.length).toBeLessThan(boxes.length);
  });

  it('stays inside the picture', () => {
    const [spot] = placeLabels([[390, 150, 10, 10]], [80], PICTURE);
    expect(spot?.[0]).toBe(320);
  });
});
