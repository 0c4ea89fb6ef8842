// What the conditions on the way to an alarm are called. Pure.

const WORDS: Record<string, string> = {
  received: 'Picture received',
  decoded: 'Picture decoded',
  motion: 'Something moved',
  picture: 'Picture',
  detected: 'Object found',
  class: 'Kind of object',
  score: 'Sure enough',
  size: 'Size',
  shape: 'Shape',
  speed: 'Speed',
  mask: 'Outside masks',
  stationary: 'Not standing for long',
  parked: 'Not parked before',
  inside: 'Inside the zone',
  entered: 'Came in',
  left: 'Went out',
  crossed: 'Crossed the line',
  sequence: 'From one zone to the other',
  dwell: 'Inside long enough',
  stay: 'Stayed long enough',
  travel: 'Moved far enough',
  heading: 'Direction',
  still: 'Stood still long enough',
  turned: 'Turned round',
  waited: 'Waited long enough',
  count: 'How many',
  by_hand: 'Corrected by hand',
  health: 'Scene seen well',
  schedule: 'Schedule',
  cool_down: 'Quiet time is over',
};

export function gateWord(name: string): string {
  const text = WORDS[name] ?? name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
