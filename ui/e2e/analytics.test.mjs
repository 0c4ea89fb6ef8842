// The analytics pages by clicks: zones, lines, rules, programs, demo, why, schedules.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPage, openTab } from './browser.mjs';
import { clickOnPicture, drag, openCamera, openSite } from './site.mjs';

/** What a newcomer may need: a calm click each four seconds makes two minutes. */
const MAX_STEPS = 30;
const MAX_MS = 120_000;

describe('analytics pages', () => {
  let site, page;

  before(async () => {
    site = await openSite('real');
    page = site.page;
  });
  after(() => site?.close());
  const rules = () => page.getByRole('region', { name: 'Rules' });
  const apply = async () => {
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  };

  it('a newcomer sets a loitering rule with smallest size and schedule in few steps', async () => {
    let steps = 0;
    const step = async (what) => {
      steps += 1;
      await what;
    };
    const startedAt = performance.now();
    await openCamera(site);
    steps += 2;
    await step(openTab(page, 'Zones and rules'));
    await step(page.getByRole('button', { name: 'Draw zone' }).click());
    const corners = [
      [0.62, 0.65],
      [0.9, 0.65],
      [0.9, 0.78],
      [0.62, 0.78],
    ];
    for (const corner of corners) await step(clickOnPicture(page, [corner]));
    await step(page.getByRole('button', { name: 'Finish' }).click());
    await step(rules().getByRole('button', { name: 'Add rule' }).click());
    await step(page.getByRole('button', { name: /^Loitering/ }).click());
    await step(rules().getByLabel('After staying for').fill('20'));
    await step(rules().getByLabel('Smallest size').check());
    await step(drag(page, page.getByTestId('grip-min_size-1'), 10, -14));
    await step(rules().getByLabel('Schedule').selectOption({ label: 'New schedule…' }));
    const dialog = page.getByRole('dialog');
    await step(dialog.getByLabel('Name of the schedule').fill('Evenings'));
    await step(dialog.getByLabel('Start from').selectOption({ label: 'Every night' }));
    await step(dialog.getByRole('button', { name: 'Save schedule' }).click());
    await dialog.waitFor({ state: 'hidden' });
    await step(page.getByRole('button', { name: 'Apply' }).click());
    await page.getByText('Applied. It works from now on.').waitFor();
    const tookMs = performance.now() - startedAt;
    console.log(`newcomer's loitering rule: ${steps} steps, ${Math.round(tookMs / 1000)} s by script`);
    assert.ok(steps <= MAX_STEPS, `${steps} steps`);
    assert.ok(tookMs < MAX_MS, `${tookMs} ms`);

    await page.reload();
    await rules()
      .getByRole('radio', { name: /^All \(/ })
      .check();
    const rule = rules().getByRole('button', { name: 'Open rule Loitering' });
    assert.match(await rule.textContent(), /Loitering · person · Zone \d+ · Evenings/);
    await rule.click();
    assert.equal(await rules().getByLabel('After staying for').inputValue(), '20');
    assert.equal(await rules().getByLabel('Smallest size').isChecked(), true);
    await page.getByTestId('ghost-min_size-0').waitFor();
  });

  it('edges that cross are refused and shown', async () => {
    await page.getByRole('button', { name: 'Draw zone' }).click();
    await clickOnPicture(page, [
      [0.1, 0.1],
      [0.3, 0.1],
      [0.3, 0.3],
      [0.2, 0.02],
    ]);
    await page.getByText('the red edges would cross').waitFor();
    assert.equal(await page.locator('line.refused').count(), 2);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  });

  it('a line has its two sides, comes with a rule, and turns round', async () => {
    await page.getByRole('button', { name: 'Draw line' }).click();
    await clickOnPicture(page, [
      [0.1, 0.85],
      [0.3, 0.9],
    ]);
    await page.getByRole('button', { name: 'Finish' }).click();
    const line = page.locator('[data-shape^="line-"]').last();
    const sideA = () => line.getByText('A', { exact: true }).boundingBox();
    const above = await sideA();
    await page.getByRole('button', { name: /^Swap A and B/ }).click();
    assert.ok((await sideA()).y > above.y, 'side A went below the line');
    await rules().getByRole('radio', { name: 'A → B' }).check();
    await apply();
  });

  it('undo and redo go through the steps, and the changes are listed', async () => {
    await rules()
      .getByRole('slider', { name: /^Sensitivity/ })
      .fill('9');
    await page.getByText('1 change', { exact: true }).click();
    await page.getByRole('list', { name: 'Changes' }).getByText('sensitivity 5 → 9').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('No changes.').waitFor();
    await page.getByRole('button', { name: 'Redo' }).click();
    await page.getByText('Not applied yet.').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('a corner is placed by numbers', async () => {
    await page.getByRole('button', { name: 'Draw mask', exact: true }).click();
    await clickOnPicture(page, [
      [0.5, 0.05],
      [0.6, 0.05],
      [0.6, 0.15],
    ]);
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.getByText('Corners as numbers (3 of 64)').click();
    const input = page.getByLabel('Corner 1, from the left, percent');
    await input.fill('45.5');
    await input.press('Tab');
    await page.getByRole('button', { name: 'Undo' }).click();
    assert.equal(await input.inputValue(), '50');
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('every kind of rule opens with its own fields only', async () => {
    for (const [kind, has, lacks] of [
      ['Wrong way', 'Direction in degrees', 'After staying for'],
      ['Too many', 'More than', 'Direction in degrees'],
      ['Picture problem', 'Out of focus', 'Smallest size'],
      ['Signal lost', 'After no picture for', 'Smallest size'],
    ]) {
      await rules().getByRole('button', { name: 'Add rule' }).click();
      await page
        .getByRole('group', { name: 'Kind of rule' })
        .getByRole('button', { name: new RegExp(`^${kind}`) })
        .click();
      await rules().getByLabel(has).waitFor();
      assert.equal(await rules().getByLabel(lacks).count(), 0, `${kind} asks for ${lacks}`);
    }
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('a draft is tried on the last hours before it is applied', async () => {
    await rules()
      .getByRole('button', { name: /^Open rule/ })
      .first()
      .click();
    await rules()
      .getByRole('slider', { name: /^Sensitivity/ })
      .fill('2');
    await page.getByRole('button', { name: 'Try it' }).click();
    const tried = page.getByRole('region', { name: 'Try it on the last hours' });
    await tried.getByText(/alarms with the present settings/).waitFor({ timeout: 30_000 });
    await tried.getByRole('img', { name: /^This draft: \d+ alarms/ }).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('the demo page counts, and its lamp clears by a click', async () => {
    await openTab(page, 'Demo');
    await page.getByRole('region', { name: 'Zones' }).getByText('Zone').first().waitFor();
    await page.getByRole('region', { name: 'Programs' }).getByText('Operable').first().waitFor();
    const lamp = page.getByRole('button', { name: /in alarm\. Clear all/ });
    await lamp.waitFor({ timeout: 40_000 });
    await page
      .getByText(/^(INTRUDER|LOITERING|CROSS LINE) - PERSON/)
      .first()
      .waitFor();
    if (site.isReal) return;
    await lamp.click();
    await page.getByText('NO ALARM').waitFor();
  });

  it('why names the gate that stopped', async () => {
    await openTab(page, 'Why');
    await page.getByText('As it stood at').waitFor();
    await page.getByRole('list', { name: 'Gates' }).first().waitFor();
    if (!site.isReal)
      await page
        .getByText(/^Stopped at “/)
        .first()
        .waitFor();
  });

  it('the ground is calibrated by dragging, and says how exact it is', async () => {
    await openTab(page, 'Zones and rules');
    await page.getByRole('link', { name: 'Ground' }).click();
    await page.getByRole('button', { name: 'Calibrate the ground' }).click();
    await page.getByLabel('Width, corner 1 to 2').fill('6');
    await page.getByLabel('Depth, corner 1 to 4').fill('12');
    await drag(page, page.getByTestId('ground-Near left'), -40, 10);
    await page.getByText('Measure something else you know').click();
    await page.getByText(/^\d+\.\d\d m$/).waitFor();
    await apply();
    if (site.isReal) await page.getByTestId('ground-error').getByText(/± \d/).waitFor();
    await page.reload();
    assert.equal(await page.getByLabel('Width, corner 1 to 2').inputValue(), '6');
    await page.getByRole('button', { name: 'Remove the calibration' }).click();
    await apply();
  });

  it('people are counted over a line and in a zone, and seen with their pictures', async () => {
    await openTab(page, 'Programs');
    await page.getByLabel('AI People Detection is on').check();
    await page.getByLabel('AI Occupancy Detection is on').check();
    await page.getByRole('button', { name: 'Add an area' }).click();
    await page.getByLabel('Report every').fill('1');
    await page.getByRole('button', { name: 'Add a counter' }).click();
    await page.getByLabel('Stored every').first().fill('1');
    await page.getByLabel('Stored every').first().press('Tab');
    await apply();
    await openPage(page, 'Sightings');
    const seen = page.getByRole('list', { name: 'Sightings, newest first' }).getByRole('button');
    for (let n = 0; n < 20 && (await seen.count()) === 0; n += 1) {
      await page.waitForTimeout(1000);
      await page.reload();
      await page.getByRole('heading', { name: 'Sightings' }).waitFor();
      await page
        .getByText(/Nobody fits|In sight|colours/)
        .first()
        .waitFor()
        .catch(() => undefined);
    }
    await seen.first().click();
    await page.getByRole('dialog').getByText('Attributes').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await openCamera(site, 'Counts');
    await page.getByRole('radio', { name: '1 hour' }).check();
    await page.getByRole('region', { name: 'Different people' }).getByText('About').waitFor();
    await page.locator('.u-over').first().waitFor();
  });

  it('device accounts are added, changed and removed', async () => {
    await openPage(page, 'Settings');
    await page.getByRole('link', { name: 'Device accounts' }).click();
    await page.getByText('No account yet').waitFor();
    await page.getByRole('button', { name: 'Add account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('User name').fill('recorder');
    await dialog.getByLabel('Password').fill('long enough');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('User – sees').waitFor();
    await page.getByRole('button', { name: 'Change recorder' }).click();
    await dialog.getByRole('radio', { name: /^Operator/ }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Operator – also').waitFor();
    await page.getByRole('button', { name: 'Delete recorder' }).click();
    await page.getByRole('button', { name: 'Delete account' }).click();
    await page.getByText('No account yet').waitFor();
  });

  it('a week is drawn by dragging, to the minute by keys, and copied', async () => {
    await openPage(page, 'Schedules');
    await page.getByRole('link', { name: 'New schedule' }).click();
    await page.getByLabel('Name of the schedule').fill('Deliveries');
    await page.getByLabel('Start from').selectOption({ label: 'Empty' });
    const bar = page.getByTestId('bar-0');
    const { x, y, width, height } = await bar.boundingBox();
    await page.mouse.move(x + width * 0.25, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.5, y + height / 2, { steps: 5 });
    await page.mouse.up();
    const from = page.getByLabel('Monday, part 1, from');
    assert.equal(await from.last().inputValue(), '06:00');
    await page.getByRole('slider', { name: 'Mon, part 1, until' }).press('ArrowRight');
    assert.equal(await page.getByLabel('Monday, part 1, until').inputValue(), '12:01');
    await page.getByRole('button', { name: 'Mon–Fri' }).click();
    await page.getByRole('button', { name: 'Add a part' }).click();
    await page.getByText('Parts overlap.').waitFor();
    await page.getByRole('button', { name: 'Join them' }).click();
    await page.getByRole('region', { name: 'Preview' }).waitFor();
    await page.getByRole('button', { name: 'Save schedule' }).click();
    await page.getByText('Saved. It works from now on.').waitFor();
    await page.getByText('Mon 06:00–18:00, Tue–Fri 06:00–12:01').waitFor();
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(site.problems, []));
});
