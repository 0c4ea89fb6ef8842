// Kinds of events that a sink can be told of.

/** Kinds of events that can be sent, in the order of the relay's own list. */
export const EVENT_KINDS = [
  'intruder',
  'loitering',
  'direction',
  'wrong_way',
  'u_turn',
  'cross_line',
  'enter',
  'exit',
  'stopped',
  'object_left',
  'object_removed',
  'count_over_limit',
  'zone_sequence',
  'picture_problem',
  'signal_lost',
  'occupancy',
  'state',
  'program',
  'watch_list',
] as const satisfies readonly string[] as readonly string[];

/** Whether all kinds are told, but those of installed programs. */
export const isToldAll = (kinds: readonly string[]) =>
  EVENT_KINDS.every((kind) => kinds.includes(kind) || kind === 'program');
