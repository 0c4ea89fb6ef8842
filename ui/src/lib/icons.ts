// Icons as SVG paths on a 24 x 24 grid, stroked with the text's colour.

export const ICONS = {
  camera: 'M3 8a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM16 10.5l5-3v9l-5-3',
  bell: 'M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7M10 20a2 2 0 0 0 4 0',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 2.8v3M12 18.2v3M21.2 12h-3M5.8 12h-3M18.5 5.5l-2.1 2.1M7.6 16.4l-2.1 2.1M18.5 18.5l-2.1-2.1M7.6 7.6L5.5 5.5',
  plus: 'M12 5v14M5 12h14',
  check: 'M4.5 12.5l5 5 10-11',
  cross: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 3.5L2.5 20h19zM12 10v4.5M12 17.2v.3',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.5v.3',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.5v15l12-7.5z',
  back_one: 'M6 5v14M18 5l-8 7 8 7z',
  forward_one: 'M18 5v14M6 5l8 7-8 7z',
  save: 'M12 4v11M7.5 10.5L12 15l4.5-4.5M4 20h16',
  power: 'M12 3v9M6.5 6.5a8 8 0 1 0 11 0',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2',
  spinner: 'M12 3a9 9 0 1 1-9 9',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  zone: 'M5 7l8-3 7 6-4 10-11-3zM5 7v.01M13 4v.01M20 10v.01',
  undo: 'M8 5L4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3',
  redo: 'M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M19.1 4.9l-1.8 1.8M6.7 17.3l-1.8 1.8',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c0-4 3.5-6 8-6s8 2 8 6',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 12l8-8M16 7l3 3M13.5 9.5l2 2',
  out: 'M14 4H6v16h8M10 12h11M17 8l4 4-4 4',
  back: 'M19 12H5M11 6l-6 6 6 6',
  right: 'M9 5l7 7-7 7',
  sound: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9a4 4 0 0 1 0 6M18.5 6a8 8 0 0 1 0 12',
  mute: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  motion: 'M3 8h9M3 12h6M3 16h9M15 5l6 7-6 7',
  person:
    'M12 3.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M8 21l1-6H7.5V12a3 3 0 0 1 3-3h3a3 3 0 0 1 3 3v3H15l1 6',
  vehicle: 'M3 16v-4l2-1 2-4h9l3 4 2 1v4zM7 16a2 2 0 1 0 0 .01M17 16a2 2 0 1 0 0 .01M6 11h12',
  two_wheeler:
    'M6 13a4 4 0 1 0 0 8 4 4 0 0 0 0-8M18 13a4 4 0 1 0 0 8 4 4 0 0 0 0-8M6 17l4-7h5l3 7M9 7h3M10 10l3 7M15 10l-1-3h2',
  send: 'M4 12l16-7-5 15-4-6zM11 14l9-9',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6z',
  eye: 'M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6',
  empty: 'M4 6h16v12H4zM4 15l4-4 4 4 3-3 5 5M15 9.5v.01',
  intruder:
    'M4 20V9l8-5 8 5v11zM12 10a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2M9.5 20v-3.5a2 2 0 0 1 2-2h1a2 2 0 0 1 2 2V20',
  line: 'M4 20L20 4M8 9l-4-1 1-4M16 15l4 1-1 4',
  enter: 'M13 4h7v16h-7M3 12h11M10 8l4 4-4 4',
  exit: 'M11 4H4v16h7M10 12h11M17 8l4 4-4 4',
  direction: 'M12 21V4M6 10l6-6 6 6',
  wrong_way: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M7 12h10',
  stopped: 'M8.5 3h7L21 8.5v7L15.5 21h-7L3 15.5v-7zM9 9v6M15 9v6',
  crowd:
    'M8 5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M16 5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M3 19c0-4 2-6 5-6s4 2 4 6M12 19c0-4 1-6 4-6s5 2 5 6',
  sequence: 'M3 5h7v7H3zM14 12h7v7h-7zM10 8h5v4M13 10l2 2 2-2',
  box_in: 'M4 13h16v7H4zM12 3v7M8.5 7L12 10.5 15.5 7',
  box_out: 'M4 13h16v7H4zM12 10V3M8.5 6.5L12 3l3.5 3.5',
  no_signal: 'M3 4l18 17M8 7h11v10M5 7v12h12',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3.5v4M16 3.5v4M8 14h3M8 17h6',
  chip: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  chart: 'M4 4v16h16M8 16v-5M12 16V8M16 16v-3',
  lamp: 'M12 3a6 6 0 0 0-3.5 10.9V17h7v-3.1A6 6 0 0 0 12 3M9.5 20.5h5',
  door: 'M6 20V4h9v16M4 20h16M15 6l4 2v12M12 12v.01',
  question: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7M12 16.7v.3',
  copy: 'M8 8h12v12H8zM16 8V4H4v12h4',
  magnet: 'M6 4v8a6 6 0 0 0 12 0V4h-4v8a2 2 0 0 1-4 0V4zM6 8h4M14 8h4',
  upload: 'M12 16V4M7 9l5-5 5 5M4 20h16',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.3 15.3L20.5 20.5',
  history: 'M4 12a8 8 0 1 0 3-6.2M4 4v4h4M12 8v4l3 2',
  nodes: 'M9 3h6v5H9zM3 16h6v5H3zM15 16h6v5h-6zM12 8v4M6 16v-4h12v4',
  swap: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
} as const;

export type IconName = keyof typeof ICONS;

export function classIcon(name: string | null): IconName {
  if (name === 'person') return 'person';
  if (name === 'bicycle' || name === 'motorcycle' || name === 'two_wheeler') return 'two_wheeler';
  return name === null ? 'motion' : 'vehicle';
}
