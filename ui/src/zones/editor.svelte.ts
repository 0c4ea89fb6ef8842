// What the zone editor does with clicks, drags and keys. Knows no DOM: points are 0..=1.
//
// A step that would make edges cross is refused: the shape stays, the crossing edges are named.

import type { Point, Shape } from '../api/types';
import * as drafts from './draft';
import type { Draft, Plan, ShapeKind } from './draft';
import * as geometry from './geometry';
import { KINDS, type Rule } from './rule';

export interface Selection {
  kind: ShapeKind;
  id: number;
}

export interface Refusal {
  edges: [Point, Point][];
  message: string;
}

type Drag = { what: 'corner'; index: number } | { what: 'body'; from: Point; points: readonly Point[] };

const CROSSES = 'Not there: the red edges would cross.';

export class Editor {
  saved = $state.raw<Plan>(drafts.EMPTY);
  draft = $state.raw<Draft>(drafts.startDraft(this.saved));
  tool = $state<'select' | ShapeKind>('select');
  selected = $state.raw<Selection | null>(null);
  corner = $state<number | null>(null);
  /** Corners placed so far of the shape being drawn. */
  path = $state.raw<Point[]>([]);
  /** Where the next corner would be. */
  cursor = $state.raw<Point | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  /** The rule that is open; its sizes and direction are shown on the picture. */
  ruleId = $state<number | null>(null);
  #drag: Drag | null = null;
  #beforeDrag: Draft | null = null;

  readonly plan = $derived(this.draft.now);
  readonly isChanged = $derived(!drafts.samePlan(this.saved, this.draft.now));
  readonly problems = $derived(drafts.findProblems(this.draft.now));
  readonly shape: Shape | null = $derived.by(() => {
    const { selected } = this;
    if (selected === null) return null;
    return drafts.shapesOf(this.plan, selected.kind).find(({ id }) => id === selected.id) ?? null;
  });
  readonly rule: Rule | null = $derived(this.plan.rules.find(({ id }) => id === this.ruleId) ?? null);
  /** The kind of what is being drawn or changed. */
  readonly #kind: ShapeKind = $derived(this.tool !== 'select' ? this.tool : (this.selected?.kind ?? 'zone'));

  load(plan: Plan): void {
    this.saved = plan;
    this.draft = drafts.startDraft(plan);
    this.tool = 'select';
    this.path = [];
    this.refusal = null;
    const [first] = plan.zones;
    this.select(this.shape !== null ? this.selected : first ? { kind: 'zone', id: first.id } : null);
  }

  openRule(id: number | null): void {
    this.ruleId = id;
    const { rule } = this;
    if (rule === null) return;
    const { place } = KINDS[rule.kind];
    if (place === 'line' && rule.line_id !== null) this.selected = { kind: 'line', id: rule.line_id };
    else if (place !== 'none' && rule.zone_id !== null) this.selected = { kind: 'zone', id: rule.zone_id };
  }

  /** After Apply: what is drawn is now what the camera has; undo still works. */
  markSaved(plan: Plan): void {
    this.saved = plan;
    if (!drafts.samePlan(plan, this.plan)) this.draft = drafts.change(this.draft, plan);
  }

  discard(): void {
    this.draft = drafts.change(this.draft, this.saved);
    this.cancel();
    if (this.shape === null) this.select(null);
  }

  apply(next: Plan): void {
    this.draft = drafts.change(this.draft, next);
    this.refusal = null;
  }

  undo(): void {
    if (this.path.length > 0) {
      this.path = this.path.slice(0, -1);
      return;
    }
    this.draft = drafts.undo(this.draft);
    this.#afterJump();
  }

  redo(): void {
    this.draft = drafts.redo(this.draft);
    this.#afterJump();
  }

  #afterJump(): void {
    this.refusal = null;
    if (this.shape === null) this.select(null);
    if (this.corner !== null && this.corner >= (this.shape?.points.length ?? 0)) this.corner = null;
  }

  select(selection: Selection | null): void {
    this.selected = selection;
    this.corner = null;
    this.refusal = null;
    if (selection === null) return;
    // The only rule of a shape opens with it; a rule of another shape closes.
    const rules = drafts.rulesOn(this.plan, selection.kind, selection.id);
    if (!rules.some(({ id }) => id === this.ruleId))
      this.ruleId = rules.length === 1 ? (rules[0]?.id ?? null) : null;
  }

  // Drawing

  startDrawing(kind: ShapeKind): void {
    this.select(null);
    this.tool = kind;
    this.path = [];
    this.cursor = [0.5, 0.5];
  }

  cancel(): void {
    this.tool = 'select';
    this.path = [];
    this.refusal = null;
  }

  /** Places the next corner; false when it was refused. */
  place(point: Point): boolean {
    const crossed = geometry.crossingOfNext(this.path, point);
    const last = this.path.at(-1);
    if (crossed !== null && last !== undefined) {
      const isSamePlace = last[0] === point[0] && last[1] === point[1];
      if (isSamePlace) return false;
      this.refusal = { edges: [geometry.edge(this.path, crossed), [last, point]], message: CROSSES };
      return false;
    }
    if (this.path.length >= geometry.MAX_CORNERS) {
      this.refusal = {
        edges: [],
        message: `A shape has at most ${geometry.MAX_CORNERS} corners. Finish this one.`,
      };
      return false;
    }
    this.refusal = null;
    this.path = [...this.path, point];
    return true;
  }

  /** Closes the path into a shape; false when it was refused. */
  finish(): boolean {
    const kind = this.tool;
    if (kind === 'select') return false;
    const fewest = drafts.fewestCorners(kind);
    if (this.path.length < fewest) {
      this.refusal = { edges: [], message: `Place at least ${fewest} corners.` };
      return false;
    }
    if (!this.#isFree(this.path)) return false;
    const { plan, id } = drafts.addShape(this.plan, kind, this.path);
    this.apply(plan);
    this.cancel();
    this.select({ kind, id });
    return true;
  }

  #isFree(points: readonly Point[]): boolean {
    const crossing = geometry.findCrossing(points, drafts.isClosed(this.#kind));
    if (crossing === null) return true;
    this.refusal = { edges: crossing.map((index) => geometry.edge(points, index)), message: CROSSES };
    return false;
  }

  // Changing

  #withPoints(points: Point[]): Plan {
    const { selected } = this;
    return selected === null
      ? this.plan
      : drafts.editShape(this.plan, selected.kind, selected.id, { points });
  }

  startCornerDrag(index: number): void {
    this.corner = index;
    this.refusal = null;
    this.#begin({ what: 'corner', index });
  }

  /** Makes a corner in the middle of an edge and takes hold of it. */
  startEdgeDrag(index: number): void {
    if (!this.insertAt(index)) return;
    // The insertion and the drag that follows are one step: undo takes both back.
    this.#drag = { what: 'corner', index: index + 1 };
    this.#beforeDrag = drafts.undo(this.draft);
  }

  get isMovingCorner(): boolean {
    return this.#drag?.what === 'corner';
  }

  startBodyDrag(from: Point): void {
    if (this.shape !== null) this.#begin({ what: 'body', from, points: this.shape.points });
  }

  #begin(drag: Drag): void {
    this.#drag = drag;
    this.#beforeDrag = this.draft;
  }

  dragTo(point: Point): void {
    const [drag, before, shape] = [this.#drag, this.#beforeDrag, this.shape];
    if (drag === null || before === null || shape === null) return;
    const points =
      drag.what === 'corner'
        ? drafts.moveCorner(shape.points, drag.index, point)
        : geometry.moved(drag.points, point[0] - drag.from[0], point[1] - drag.from[1]);
    const next = this.#withPoints(points);
    this.draft = this.draft === before ? drafts.change(before, next) : drafts.amend(this.draft, next);
    this.refusal = null;
    this.#isFree(points);
  }

  /** Lets go; a shape whose edges cross goes back to where it was. */
  endDrag(): void {
    if (
      this.#drag !== null &&
      this.#beforeDrag !== null &&
      this.shape !== null &&
      !this.#isFree(this.shape.points)
    ) {
      this.draft = { ...this.#beforeDrag, future: [] };
      this.#afterRefusedDrag();
    }
    this.#drag = null;
    this.#beforeDrag = null;
  }

  #afterRefusedDrag(): void {
    if (this.corner !== null && this.corner >= (this.shape?.points.length ?? 0)) this.corner = null;
  }

  insertAt(index: number): boolean {
    const { shape } = this;
    if (shape === null) return false;
    if (shape.points.length >= geometry.MAX_CORNERS) {
      this.refusal = { edges: [], message: `A shape has at most ${geometry.MAX_CORNERS} corners.` };
      return false;
    }
    const middle = geometry.midpoint(...geometry.edge(shape.points, index));
    this.apply(this.#withPoints(drafts.insertCorner(shape.points, index, middle)));
    this.corner = index + 1;
    return true;
  }

  nudgeCorner(index: number, dx: number, dy: number): void {
    const point = this.shape?.points[index];
    if (point !== undefined) this.setCorner(index, geometry.toPoint(point[0] + dx, point[1] + dy));
  }

  /** Puts a corner where it is told by numbers or keys; refused when edges would cross. */
  setCorner(index: number, to: Point): boolean {
    if (this.shape === null) return false;
    const points = drafts.moveCorner(this.shape.points, index, to);
    this.refusal = null;
    if (!this.#isFree(points)) return false;
    this.apply(this.#withPoints(points));
    return true;
  }

  /** Turns a line round: its A side becomes its B side. */
  reverse(): void {
    if (this.shape !== null) this.apply(this.#withPoints([...this.shape.points].reverse()));
  }

  // A drag of something that is not a corner, such as a size: one step to the user.

  startStep(): void {
    this.#beforeDrag = this.draft;
  }

  step(next: Plan): void {
    const before = this.#beforeDrag;
    if (before === null) return;
    this.draft = this.draft === before ? drafts.change(before, next) : drafts.amend(this.draft, next);
  }

  endStep(): void {
    this.#beforeDrag = null;
  }

  deleteCorner(index: number): void {
    if (this.shape === null) return;
    const fewest = drafts.fewestCorners(this.#kind);
    if (this.shape.points.length <= fewest) {
      const message = `${fewest === 2 ? 'Two' : 'Three'} corners are the fewest. Delete the whole shape instead.`;
      this.refusal = { edges: [], message };
      return;
    }
    const points = drafts.deleteCorner(this.shape.points, index, fewest);
    if (!this.#isFree(points)) return;
    this.apply(this.#withPoints(points));
    this.corner = null;
  }

  remove(selection: Selection): void {
    this.apply(drafts.removeShape(this.plan, selection.kind, selection.id));
    if (this.shape === null) this.select(null);
  }
}
