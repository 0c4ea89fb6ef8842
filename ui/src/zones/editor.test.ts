import { beforeEach, describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { Editor } from './editor.svelte';

const square: Point[] = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];
let editor: Editor;

function draw(points: Point[]): boolean {
  editor.startDrawing('zone');
  points.forEach((point) => editor.place(point));
  return editor.finish();
}

beforeEach(() => {
  editor = new Editor();
});

describe('drawing', () => {
  it('makes a zone with a rule and selects it', () => {
    expect(draw(square)).toBe(true);
    expect(editor.plan.zones).toMatchObject([{ id: 1, points: square }]);
    expect(editor.plan.rules).toHaveLength(1);
    expect(editor.selected).toEqual({ kind: 'zone', id: 1 });
    expect(editor.isChanged).toBe(true);
  });
  it('refuses a corner whose edge crosses and names both edges', () => {
    editor.startDrawing('zone');
    square.slice(0, 3).forEach((point) => editor.place(point));
    expect(editor.place([0.5, 0.1])).toBe(false);
    expect(editor.path).toHaveLength(3);
    expect(editor.refusal?.edges).toEqual([
      [square[0], square[1]],
      [square[2], [0.5, 0.1]],
    ]);
  });
  it('refuses to close across an edge', () => {
    expect(draw([...square.slice(0, 3), [0.9, 0.5]])).toBe(false);
    expect(editor.path).toHaveLength(4);
    expect(editor.plan.zones).toEqual([]);
    expect(editor.refusal).not.toBeNull();
  });
  it('needs three corners', () => {
    expect(draw(square.slice(0, 2))).toBe(false);
    expect(editor.refusal?.message).toContain('3');
  });
  it('undo takes back the last corner first', () => {
    editor.startDrawing('mask');
    square.forEach((point) => editor.place(point));
    editor.undo();
    expect(editor.path).toHaveLength(3);
  });
});

describe('changing', () => {
  beforeEach(() => void draw(square));

  it('a drag is one undo step', () => {
    editor.startCornerDrag(0);
    editor.dragTo([0.3, 0.3]);
    editor.dragTo([0.25, 0.25]);
    editor.endDrag();
    expect(editor.shape?.points[0]).toEqual([0.25, 0.25]);
    editor.undo();
    expect(editor.shape?.points).toEqual(square);
  });
  it('a drag that ends in a crossing goes back and says so', () => {
    editor.startCornerDrag(0);
    editor.dragTo([0.95, 0.5]);
    expect(editor.refusal?.edges).toHaveLength(2);
    editor.endDrag();
    expect(editor.shape?.points).toEqual(square);
    expect(editor.refusal?.message).toContain('cross');
  });
  it('dragging an edge’s middle adds a corner in one undo step', () => {
    editor.startEdgeDrag(0);
    editor.dragTo([0.5, 0.1]);
    editor.endDrag();
    expect(editor.shape?.points).toHaveLength(5);
    expect(editor.shape?.points[1]).toEqual([0.5, 0.1]);
    editor.undo();
    expect(editor.shape?.points).toEqual(square);
  });
  it('an added corner that is dragged into a crossing disappears again', () => {
    editor.startEdgeDrag(0);
    editor.dragTo([0.5, 0.9]);
    editor.endDrag();
    expect(editor.shape?.points).toEqual(square);
  });
  it('keys move a corner, but not into a crossing', () => {
    editor.nudgeCorner(0, 0.01, 0);
    expect(editor.shape?.points[0]).toEqual([0.21, 0.2]);
    editor.nudgeCorner(0, 0.7, 0.2);
    expect(editor.shape?.points[0]).toEqual([0.21, 0.2]);
    expect(editor.refusal).not.toBeNull();
  });
  it('keeps three corners', () => {
    editor.deleteCorner(0);
    editor.deleteCorner(0);
    expect(editor.shape?.points).toHaveLength(3);
    expect(editor.refusal?.message).toContain('fewest');
  });
  it('removing the selected zone deselects it; undo brings it back', () => {
    editor.remove({ kind: 'zone', id: 1 });
    expect(editor.selected).toBeNull();
    editor.undo();
    expect(editor.plan.zones).toHaveLength(1);
  });
  it('is unchanged after apply and after discard', () => {
    editor.markSaved(editor.plan);
    expect(editor.isChanged).toBe(false);
    editor.nudgeCorner(0, 0.01, 0);
    expect(editor.isChanged).toBe(true);
    editor.discard();
    expect(editor.isChanged).toBe(false);
    expect(editor.shape?.points).toEqual(square);
  });
});
