// What people set right, and what tells them when to: masks that are off, "Ignore this thing", counts by
// hand and compared, how well the scene and the best shots are seen, what a sensitivity would let in.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openPage, openTab, overflowsSideways, SLOW_MS } from './browser.mjs';
import { clickOnPicture, openCamera, openSite } from './site.mjs';

/** Where pictures of the pages are put for people to look at; nowhere when unset. */
const SHOTS = process.env.AIRELAY_E2E_SHOTS;
const LOOKS = [
  ['light', { width: 1280, height: 800 }, 'light'],
  ['dark', { width: 1280, height: 800 }, 'dark'],
  ['phone', { width: 390, height: 844 }, 'light'],
];

describe('setting right', () => {
  let site, page;

  before(async () => {
    site = await openSite('real');
    page = site.page;
    page.setDefaultTimeout(30_000);
  });
  after(() => site?.close());
  const rules = () => page.getByRole('region', { name: 'Rules' });
  const apply = async () => {
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  };

  /** No look is wider than its window; pictures of all of them, if asked for. */
  async function look(name) {
    for (const [kind, size, colorScheme] of LOOKS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      assert.equal(await overflowsSideways(page), false, `${name} ${kind} is wider than its window`);
      if (SHOTS === undefined) continue;
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${kind}.png`), fullPage: true });
    }
    await page.setViewportSize(LOOKS[0][1]);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  it('a mask is switched off, stays drawn, and the try says what it cannot show', async () => {
    await openCamera(site, 'Zones and rules');
    for (const [button, corner] of [
      ['Draw mask', 0.05],
      ['Draw class mask', 0.25],
    ]) {
      await page.getByRole('button', { name: button, exact: true }).click();
      await clickOnPicture(page, [
        [corner, 0.05],
        [corner + 0.12, 0.05],
        [corner + 0.12, 0.2],
      ]);
      await page.getByRole('button', { name: 'Finish' }).click();
    }
    await apply();
    const isOn = (name) => page.getByLabel(`${name} is on`, { exact: true });
    await isOn('Mask 1').uncheck();
    await isOn('Class mask 1').uncheck();
    await page.getByText('2 changes', { exact: true }).click();
    const changes = page.getByRole('list', { name: 'Changes' });
    await changes.getByText(/^\W*Mask 1 “Mask 1”: switched off/).waitFor();
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByText(/this try leaves their change out/).waitFor();
    await page.getByRole('button', { name: 'Close the try' }).click();
    await apply();
    await page.reload();
    assert.equal(await isOn('Mask 1').isChecked(), false);
    assert.equal(await isOn('Class mask 1').isChecked(), false);
    await page.locator('[data-shape="mask-1"]').getByText('off').waitFor();
    await look('masks');
    await isOn('Class mask 1').check();
    await apply();
  });

  it('a rule asks for a scene that is seen well, for who has waited, and for who turns round', async () => {
    for (const kind of ['U-turn', 'Too many']) {
      await rules().getByRole('button', { name: 'Add rule' }).click();
      await page
        .getByRole('group', { name: 'Kind of rule' })
        .getByRole('button', { name: new RegExp(`^${kind}`) })
        .click();
    }
    await rules().getByLabel('Only who has waited for').fill('120');
    await rules().getByText('Advanced').click();
    await rules().getByLabel('While the scene is seen badly').selectOption({ label: 'No alarm' });
    await apply();
    await page.reload();
    await rules()
      .getByRole('radio', { name: /^All \(/ })
      .check();
    await rules().getByRole('button', { name: 'Open rule Too many' }).click();
    assert.equal(await rules().getByLabel('Only who has waited for').inputValue(), '120');
    await rules().getByText('Advanced').click();
    assert.equal(await rules().getByLabel('While the scene is seen badly').inputValue(), 'healthy');
    await openTab(page, 'Why');
    const why = page.getByRole('list', { name: 'Gates' });
    await why.first().waitFor();
    if (site.isReal) await page.getByText('Scene seen well').first().waitFor({ state: 'attached' });
  });

  it('the camera page tells how well the scene is seen, part by part', async () => {
    await openTab(page, 'Live');
    const health = page.getByRole('region', { name: 'Scene health' });
    await health.getByRole('img', { name: /^Sharpness \d+/ }).waitFor({ timeout: SLOW_MS });
    await health.getByText(/^Seen (well|badly)$/).waitFor();
    if (site.isReal) {
      await health
        .getByRole('img', { name: 'The worst part over the last 24 hours' })
        .waitFor({ timeout: 150_000 });
      await health.getByRole('button', { name: 'Calm' }).click();
      await health.getByRole('img', { name: 'Calm over the last 24 hours' }).waitFor();
    }
    await look('health');
  });

  it('beside the sensitivity stands what a move would have let in', async () => {
    await openTab(page, 'Zones and rules');
    await rules()
      .getByRole('radio', { name: /^All \(/ })
      .check();
    const bars = rules().getByRole('img', { name: /^Objects by score: \d+ of \d+/ });
    const open = rules()
      .getByRole('button', { name: /^Open rule (Person|Somebody|Intruder|Loitering)/ })
      .first();
    for (let n = 0; n < 12 && (await bars.count()) === 0; n += 1) {
      if ((await open.count()) > 0) await open.click();
      await page.waitForTimeout(site.isReal ? 10_000 : 500);
      if ((await bars.count()) > 0) break;
      await page.reload();
      await rules()
        .getByRole('radio', { name: /^All \(/ })
        .check();
    }
    const numberOf = async () => Number((await bars.getAttribute('aria-label')).match(/: (\d+) of/)[1]);
    const before = await numberOf();
    const slider = rules().getByRole('slider', { name: /^Sensitivity/ });
    await slider.fill('1');
    assert.ok((await numberOf()) <= before, 'fewer are let in at 1');
    await slider.fill('10');
    assert.ok((await numberOf()) >= before, 'more are let in at 10');
    await look('scores');
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('a count is corrected by hand, says so, stands in the control log, and is compared', async () => {
    await openTab(page, 'Programs');
    await page.getByLabel('AI Occupancy Detection is on').check();
    await page.getByLabel('Correct by hand').first().fill('2');
    await page.getByLabel('Correct by hand').first().press('Tab');
    await page.getByLabel('Report every').fill('1');
    await page.getByLabel('Stored every').first().fill('1');
    await page.getByLabel('Stored every').first().press('Tab');
    await apply();
    await openTab(page, 'Counts');
    await page.getByRole('radio', { name: '1 hour' }).check();
    const counter = page.locator('section', { has: page.getByRole('button', { name: 'Correct…' }) }).first();
    await counter.getByRole('button', { name: 'Correct…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('How many more').fill('7');
    await dialog.getByLabel('Why').fill('counted from the roof');
    await look('correct');
    await dialog.getByRole('button', { name: 'Correct', exact: true }).click();
    await page.getByText(/is corrected: \d+ became \d+\. The control log has it\./).waitFor();
    await counter.getByText(/\d+ counted, \+7 by hand/).waitFor();
    await counter.getByText(/A dot marks what was corrected by hand/).waitFor();
    await page.getByText('Corrected: +2 by hand to those who are seen.').waitFor();
    await page.getByRole('radio', { name: 'The time before' }).check();
    await counter
      .getByText(/^the time before \d+/)
      .first()
      .waitFor();
    await look('counts');
    await openPage(page, 'Software');
    await page.getByRole('link', { name: 'Control log' }).click();
    await page
      .getByText(/^corrected in of counter/)
      .first()
      .waitFor();
    await page
      .getByText(/counted from the roof/)
      .first()
      .waitFor();
  });

  it('“Is the view good enough?” judges the last best shots', async () => {
    await openCamera(site, 'Programs');
    const people = page.getByRole('region', { name: 'AI People Detection' });
    await people.getByText('Is the view good enough?').click();
    const told = people.getByText(/Mean of the last \d+ best shots|at least 5 best shots are needed/);
    await told.waitFor();
    for (let n = 0; n < 10 && /needed/.test(await told.textContent()); n += 1) {
      await page.waitForTimeout(10_000);
      await page.reload();
      await people.getByText('Is the view good enough?').click();
      await told.waitFor();
    }
    await people.getByText(/Mean of the last \d+ best shots/).waitFor();
    await people.getByRole('meter').first().waitFor();
    await look('view');
  });

  it('“Ignore this thing” of an alarm draws a mask for its class', async () => {
    await openPage(page, /Alarms/);
    await page
      .getByRole('list', { name: 'Alarms, newest first' })
      .getByRole('link', { name: /Person/ })
      .first()
      .click();
    const panel = page.getByRole('region', { name: 'False alarm' });
    await panel.getByRole('button', { name: 'Ignore this thing' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Ignore it' }).click();
    await panel.getByText('It is ignored from now on.').waitFor();
    await look('ignore');
    await panel.getByRole('link', { name: 'Zones and rules' }).click();
    const name = page.getByLabel(/^Name of class mask \d+/).last();
    await name.waitFor();
    assert.equal(await name.inputValue(), 'Ignored person');
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(site.problems, []));
});
