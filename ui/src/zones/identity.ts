// What tells zones apart: a number, a colour and a line pattern, never colour alone.
//
// The eight colours are Okabe and Ito's, which people with any common colour blindness can
// tell apart; black is replaced by white, because the picture behind is often dark.

export interface Identity {
  colour: string;
  /** SVG dash pattern in pixels; empty = solid. */
  dash: string;
  /** Angle of the hatching, degrees. */
  hatchDegrees: number;
}

const COLOURS = ['#ffffff', '#56b4e9', '#00c08b', '#f0e442', '#e69f00', '#ff7043', '#cc79a7', '#7aa2ff'];
const DASHES = ['', '10 5', '3 4', '12 4 3 4'];

export function identityOf(id: number): Identity {
  const number = Math.max(1, Math.trunc(id)) - 1;
  const round = Math.floor(number / COLOURS.length);
  return {
    colour: COLOURS[number % COLOURS.length] ?? '#ffffff',
    dash: DASHES[(number + round) % DASHES.length] ?? '',
    hatchDegrees: (number * 45 + round * 20) % 180,
  };
}
