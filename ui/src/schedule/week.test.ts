import { describe, expect, it } from 'vitest';
import type { Span } from '../api/analytics';
import { gapText, hoursText, overlapText } from '../software/operation';
import * as week from './week';

const span = (from: string, until: string): Span => ({ from, until });
const days = (spans: Span[]) => Array.from({ length: 7 }, () => spans);

describe('parseEdge', () => {
  it.each([
    ['8:05', '08:05'],
    ['24:00', '24:00'],
    [' Sunset - 15 ', 'sunset-15'],
    ['sunrise+30', 'sunrise+30'],
    ['sunrise', 'sunrise'],
  ])('reads %s', (text, shown) => {
    const edge = week.parseEdge(text);
    expect(edge === null ? null : week.formatEdge(edge)).toBe(shown);
  });
  it.each(['24:01', '8:60', '8', 'noon', 'sunset-999', ''])('refuses %s', (text) => {
    expect(week.parseEdge(text)).toBeNull();
  });
});

describe('one day', () => {
  it('a part may go over midnight but not be empty, a part by the sun is not judged', () => {
    expect(week.spanProblem(span('22:00', '06:00'))).toBeNull();
    expect(week.spanProblem(span('08:00', '08:00'))).toContain('Ends when it begins');
    expect(week.spanProblem(span('sunset', 'sunrise'))).toBeNull();
    expect(week.spanProblem(span('08:00', 'x'))).toContain('08:00');
  });
  it('overlaps are found, touching is none', () => {
    expect(week.overlaps([span('08:00', '12:00'), span('12:00', '14:00')])).toEqual([]);
    expect(week.overlaps([span('08:00', '12:00'), span('14:00', '15:00'), span('11:59', '13:00')])).toEqual([
      0, 2,
    ]);
  });
  it('joining leaves no overlap and loses no minute', () => {
    const merged = week.mergeDay([span('10:00', '13:00'), span('08:00', '12:00'), span('sunset', '24:00')]);
    expect(merged).toEqual([span('08:00', '13:00'), span('sunset', '24:00')]);
  });
  it('a part over midnight takes the first hours of the next day', () => {
    expect(week.carried([span('22:00', '06:00'), span('08:00', '09:00')])).toEqual([
      { from_min: 0, until_min: 360 },
    ]);
    expect(week.overlaps([span('22:00', '06:00'), span('05:00', '07:00')])).toEqual([]);
    expect(week.overlaps([span('22:00', '06:00'), span('23:00', '24:00')])).toEqual([0, 1]);
    expect(week.mergeDay([span('22:00', '06:00'), span('20:00', '23:00')])).toEqual([span('20:00', '06:00')]);
  });
  it('gaps and parts make the whole day', () => {
    const parts = [
      { from_min: 480, until_min: 720 },
      { from_min: 700, until_min: 900 },
    ];
    const open = week.gaps(parts);
    expect(open).toEqual([
      { from_min: 0, until_min: 480 },
      { from_min: 900, until_min: 1440 },
    ]);
    expect(week.minutesOf(parts) + week.minutesOf(open)).toBe(week.DAY_MIN);
  });
  it('minutes snap within the day', () => {
    expect(week.snapMinute(487, 15)).toBe(480);
    expect(week.snapMinute(487, 1)).toBe(487);
    expect(week.snapMinute(-3, 15)).toBe(0);
    expect(week.snapMinute(1445, 15)).toBe(1440);
  });
});

describe('a week', () => {
  const office = week.TEMPLATES.find(({ label }) => label === 'Office hours')?.week() ?? [];
  it('is said shortly', () => {
    expect(week.weekText(office)).toBe('Mon–Fri 08:00–18:00');
    expect(week.weekText(days([]))).toBe('Never');
    expect(week.weekText(days([span('00:00', '24:00')]))).toBe('Always');
  });
  it('a copied day is a copy', () => {
    const copied = week.copyDay(office, 0, [5, 6]);
    expect(week.weekText(copied)).toBe('Mon–Sun 08:00–18:00');
    expect(copied[5]?.[0]).not.toBe(copied[0]?.[0]);
  });
});

describe('problems', () => {
  const good = { ...week.newSchedule('Europe/Berlin'), name: 'Office' };
  it('a new schedule has none', () => expect(week.scheduleProblems(good)).toEqual([]));
  it.each([
    ['name', { name: ' ' }],
    ['latitude', { week: days([span('sunrise', '12:00')]) }],
    [
      'same date',
      {
        exceptions: [
          { date: '2026-12-25', name: 'a', spans: [] },
          { date: '2026-12-25', name: 'b', spans: [] },
        ],
      },
    ],
    ['date', { exceptions: [{ date: '', name: 'Feast', spans: [] }] }],
  ])('%s', (words, edit) => {
    expect(week.scheduleProblems({ ...good, ...edit })).toEqual([expect.stringContaining(words)]);
  });
});

describe('operation', () => {
  const labels = ['Today', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  it('says when a program is off, and how much it runs', () => {
    const drawn = [[{ from_min: 0, until_min: 600 }], ...Array.from({ length: 6 }, () => [])];
    expect(gapText(drawn, labels, 2)).toBe('Off today 10:00–24:00, Tue all day and 5 more');
    expect(hoursText(drawn)).toBe('10 of 168 hours');
    expect(
      gapText(
        days([]).map(() => [{ from_min: 0, until_min: 1440 }]),
        labels,
      ),
    ).toBe('');
  });
  it('names the days on which parts overlap', () => {
    const clashing = [...days([]).slice(1), [span('08:00', '10:00'), span('09:00', '11:00')]];
    expect(overlapText({ week: clashing })).toBe('Parts overlap on Sun');
  });
});
