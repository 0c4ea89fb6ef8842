import { expect, it } from 'vitest';
import { identityOf } from './identity';

it('neighbouring zones differ in colour and pattern, and all 64 in the pair of both or the hatching', () => {
  const all = Array.from({ length: 64 }, (_, n) => identityOf(n + 1));
  for (let n = 1; n < 8; n += 1) expect(all[n]?.colour).not.toBe(all[n - 1]?.colour);
  for (let n = 1; n < 8; n += 1) expect(all[n]?.dash).not.toBe(all[n - 1]?.dash);
  const seen = new Set(all.map(({ colour, dash, hatchDegrees }) => `${colour}|${dash}|${hatchDegrees}`));
  expect(seen.size).toBe(64);
});
