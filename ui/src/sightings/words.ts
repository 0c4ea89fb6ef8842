// Attributes, colours and directions of sightings in words. Pure.

import type { Attribute } from '../api/analytics';

const NAMES: Record<string, string> = {
  upper_colour: 'Upper clothing',
  lower_colour: 'Lower clothing',
  vehicle_colour: 'Colour',
  vehicle_type: 'Type',
  carried_size: 'Carries',
  age_band: 'Age',
  upper_kind: 'Upper clothing, kind',
  upper_sleeve: 'Sleeves',
  upper_pattern: 'Pattern',
  lower_kind: 'Trousers or skirt',
  hair_length: 'Hair',
  vehicle_brand: 'Make',
  vehicle_model: 'Model',
  direction: 'Direction',
  speed: 'Speed',
};

export function attributeName(name: string): string {
  const text = NAMES[name] ?? name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A patch for each colour name; a name without a patch is shown by its word alone. */
export const COLOURS: Record<string, string> = {
  black: '#16181b',
  white: '#f7f7f5',
  grey: '#8b9096',
  gray: '#8b9096',
  silver: '#c3c8cc',
  red: '#c62828',
  orange: '#ec7a1c',
  yellow: '#f2cf1f',
  green: '#2e8b45',
  turquoise: '#20b2aa',
  cyan: '#20b2c4',
  blue: '#2458c5',
  navy: '#1b2a57',
  purple: '#7b3fa0',
  pink: '#ea8fb4',
  brown: '#74492a',
  beige: '#d9c7a3',
};

export const isColour = ({ name }: Attribute): boolean => name.endsWith('_colour');

const WAYS = ['up', 'up right', 'right', 'down right', 'down', 'down left', 'left', 'up left'];

/** Degrees clockwise from up in the picture, as a word. */
export const wayWord = (heading: number | null): string | null =>
  heading === null ? null : (WAYS[Math.round((((heading % 360) + 360) % 360) / 45) % 8] ?? null);

export const FILTERS: Record<'people' | 'vehicle', { name: string; label: string }[]> = {
  people: [
    { name: 'upper_colour', label: 'Upper clothing' },
    { name: 'lower_colour', label: 'Lower clothing' },
  ],
  vehicle: [{ name: 'vehicle_colour', label: 'Colour' }],
};

/** Those that colours are told by; the others are of installed models. */
export const COLOUR_NAMES = Object.keys(COLOURS).filter(
  (name) => !['gray', 'silver', 'cyan', 'navy'].includes(name),
);
