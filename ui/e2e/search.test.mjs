// Searching people and vehicles, watch lists, and statistics, by clicks.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPage } from './browser.mjs';
import { openSite } from './site.mjs';

describe('search, watch lists and statistics', () => {
  let site, page;

  before(async () => {
    site = await openSite('mock');
    page = site.page;
  });
  after(() => site?.close());
  const answers = () => page.getByRole('list', { name: 'Answers, best first' });
  const examples = () => page.getByRole('list', { name: 'Examples' }).getByRole('listitem');
  // What the mock answers has names and colours of its own; the program's tests ask the real one.
  const skipReal = (t) => site.isReal && (t.skip('needs the canned data of the mock'), true);

  it('somebody seen before is found again, with reasons, and refined by more and less like', async (t) => {
    if (skipReal(t)) return;
    await openPage(page, 'Sightings');
    await page.getByRole('list', { name: 'Sightings, newest first' }).getByRole('button').nth(1).click();
    await page.getByRole('link', { name: 'Find this again' }).click();
    await page.getByRole('heading', { name: 'Search', exact: true }).waitFor();
    await answers().getByText('like example 0.93').waitFor();
    assert.equal(await examples().count(), 1);
    await page.getByRole('button', { name: 'Less like Person 4', exact: true }).click();
    await answers().getByText('unlike example 2 0.', { exact: false }).first().waitFor();
    await page.getByRole('button', { name: 'Example 2: rather like this' }).click();
    await answers().getByText('like example 2 0.90').first().waitFor();
    await page.getByRole('button', { name: 'Remove example 2' }).click();
    assert.equal(await examples().count(), 1);
  });

  it('a chip wants a colour, leaves it out, and lets it go again, also by keyboard', async (t) => {
    if (skipReal(t)) return;
    const chip = (state) => page.getByRole('button', { name: `Upper clothing red: ${state}` });
    await chip('any').focus();
    await page.keyboard.press('Enter');
    await chip('wanted').waitFor();
    await answers().getByText('upper clothing red', { exact: false }).first().waitFor();
    await page.keyboard.press('Enter');
    await chip('left out').waitFor();
    await page.keyboard.press('Enter');
    await chip('any').waitFor();
  });

  it('answers stand on a timeline and as a journey', async (t) => {
    if (skipReal(t)) return;
    for (const place of [2, 3]) await page.getByLabel(`Person ${place} belongs to the journey`).check();
    await page.getByRole('radio', { name: 'Timeline' }).check({ force: true });
    const lanes = page.getByRole('list', { name: 'Answers on a timeline' });
    await lanes.waitFor();
    assert.equal(await lanes.getByRole('listitem').count(), 2);
    await page.getByRole('radio', { name: 'Journey' }).check({ force: true });
    const journey = page.getByRole('list', { name: 'Journey' });
    await journey.getByText('later').waitFor();
    assert.equal(await journey.getByRole('link').count(), 2);
    await page.getByRole('radio', { name: 'Grid' }).check({ force: true });
  });

  it('whoever is looked for is put on a new watch list', async (t) => {
    if (skipReal(t)) return;
    await page.getByRole('button', { name: 'Watch for this' }).click();
    await page.getByRole('button', { name: 'New watch list' }).click();
    await page.getByLabel('Name').fill('Lost child');
    await page.getByLabel('Purpose').fill('A child was lost at the gate.');
    await page.getByRole('button', { name: 'Make the list' }).click();
    await page.getByRole('heading', { name: 'Watch lists' }).waitFor();
    await page.getByRole('list', { name: 'Examples of Lost child' }).getByRole('img').waitFor();
    await page.getByText('Expired: raises no alarms').waitFor();
  });

  it('counts of all cameras are charted, and saved as CSV', async () => {
    await openPage(page, 'Statistics');
    await page.getByRole('heading', { name: 'Statistics', exact: true }).waitFor();
    const csv = page.getByRole('link', { name: 'CSV' });
    assert.match(await csv.getAttribute('href'), /metric=in.*format=csv/);
    await page.getByLabel('Number').selectOption({ label: 'Outs over lines' });
    await page.waitForFunction(() =>
      document.querySelector('a[download="statistics.csv"]').href.includes('metric=out'),
    );
    if (!site.isReal) {
      await page.getByRole('img', { name: 'Outs over lines by hour' }).waitFor();
      await page.getByRole('table').getByRole('rowheader', { name: 'Sun' }).waitFor();
    }
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      // The chart is drawn anew for the new width.
      await page.waitForFunction(
        () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
        undefined,
        { timeout: 10_000 },
      );
    }
    assert.deepEqual(site.problems, []);
  });
});
