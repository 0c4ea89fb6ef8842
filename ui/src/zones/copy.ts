// Copies drawn things and their rules from one camera's plan into another's. Pure.

import { MAX_RULES, MAX_SHAPES, nextId, type Plan } from './draft';
import { KINDS, type Rule } from './rule';

export interface CopyChoice {
  zones: boolean;
  lines: boolean;
  masks: boolean;
  rules: boolean;
}

interface Numbered {
  id: number;
}

/** Appends with new ids; also gives which old id became which new one. */
function append<T extends Numbered>(
  mine: readonly T[],
  theirs: readonly T[],
): { all: T[]; ids: Map<number, number> } {
  const ids = new Map<number, number>();
  let next = nextId(mine);
  const added = theirs.slice(0, Math.max(0, MAX_SHAPES - mine.length)).map((shape) => {
    ids.set(shape.id, next);
    return { ...shape, id: next++ };
  });
  return { all: [...mine, ...added], ids };
}

/** A rule comes along only when everything it looks at does. */
export function copyInto(mine: Plan, theirs: Plan, choice: CopyChoice): Plan {
  const none = <T extends Numbered>(list: readonly T[]) => ({
    all: [...list],
    ids: new Map<number, number>(),
  });
  const zones = choice.zones ? append(mine.zones, theirs.zones) : none(mine.zones);
  const lines = choice.lines ? append(mine.lines, theirs.lines) : none(mine.lines);
  const masks = choice.masks ? append(mine.masks, theirs.masks) : none(mine.masks);
  const objectMasks = choice.masks ? append(mine.objectMasks, theirs.objectMasks) : none(mine.objectMasks);
  const rules: Rule[] = [...mine.rules];
  let next = nextId(rules);
  for (const rule of choice.rules ? theirs.rules : []) {
    const { place } = KINDS[rule.kind];
    const zone_id = rule.zone_id === null ? null : (zones.ids.get(rule.zone_id) ?? null);
    const line_id = rule.line_id === null ? null : (lines.ids.get(rule.line_id) ?? null);
    const to_zone_id = rule.to_zone_id === null ? null : (zones.ids.get(rule.to_zone_id) ?? null);
    const isWhole =
      (place === 'line' ? line_id !== null : place === 'none' || rule.zone_id === null || zone_id !== null) &&
      (place !== 'two_zones' || to_zone_id !== null);
    if (!isWhole || rules.length >= MAX_RULES) continue;
    rules.push({ ...rule, id: next++, zone_id, line_id, to_zone_id });
  }
  return {
    ...mine,
    zones: zones.all,
    lines: lines.all,
    masks: masks.all,
    objectMasks: objectMasks.all,
    rules,
  };
}
