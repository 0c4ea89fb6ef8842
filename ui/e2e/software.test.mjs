// The software manager, sightings and counts by clicks.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openPage, openTab } from './browser.mjs';
import { removeFolder, tempFolder } from './program.mjs';
import { isRealSite, openCamera, openSite } from './site.mjs';

const isReal = isRealSite('mock');

describe('software, sightings and counts', () => {
  const folder = tempFolder();
  let site, page;

  before(async () => {
    site = await openSite('mock');
    page = site.page;
  });
  after(async () => {
    await site?.close();
    removeFolder(folder);
  });

  it('the software page says what runs, where, and what it takes', async () => {
    await openPage(page, 'Software');
    await page
      .locator('dd')
      .getByText(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/)
      .waitFor();
    const vmd = page.getByRole('region', { name: 'AI-VMD' });
    await vmd.getByText(site.cameraName).waitFor();
    await vmd.getByText(/storage .* memory/).waitFor();
  });

  it('a program is stopped and started again', async () => {
    const vmd = page.getByRole('region', { name: 'AI-VMD' });
    await vmd.getByRole('button', { name: `Stop AI-VMD on ${site.cameraName}` }).click();
    await page.getByText(`AI-VMD was stopped on ${site.cameraName}.`).waitFor();
    await vmd.getByText('Stopped', { exact: true }).waitFor();
    await vmd.getByRole('button', { name: `Start AI-VMD on ${site.cameraName}` }).click();
    await vmd.getByText('Stopped', { exact: true }).waitFor({ state: 'hidden' });
  });

  it('a package with a bad signature is refused in words', async () => {
    const path = join(folder, 'bad.ext');
    writeFileSync(path, 'not a package');
    const form = page.getByRole('region', { name: 'Install software' });
    await form.locator('input[type=file]').setInputFiles(path);
    await form.getByRole('button', { name: 'Install', exact: true }).click();
    const refusal = form.getByText('Refused. Nothing was changed.');
    await refusal.waitFor();
  });

  it('a good package is installed, and uninstalled after a question', { skip: isReal }, async () => {
    const path = join(folder, 'queue.ext');
    writeFileSync(path, `EXT1${'x'.repeat(200_000)}`);
    const form = page.getByRole('region', { name: 'Install software' });
    await form.locator('input[type=file]').setInputFiles(path);
    await form.getByRole('button', { name: 'Install', exact: true }).click();
    await form.getByText('Queue length 0.3.0 is installed.').waitFor();
    const program = page.getByRole('region', { name: 'Queue length' });
    await program.getByRole('button', { name: 'Uninstall' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Uninstall' }).click();
    await program.waitFor({ state: 'hidden' });
  });

  it('a publisher is accepted by its key, and a mistyped key is refused beside its field', async () => {
    const panel = page.getByRole('region', { name: 'Publishers' });
    await panel.getByRole('button', { name: 'Accept a publisher' }).click();
    await panel.getByLabel('Publisher’s name').fill('Example works');
    await panel.getByLabel('Public key').fill('airelay-public-key:123');
    await panel.getByRole('button', { name: 'Accept', exact: true }).click();
    await panel.getByText(/64/).last().waitFor();
    assert.equal(await panel.getByText('are accepted').count(), 0);
    await panel
      .getByLabel('Public key')
      .fill('airelay-public-key:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    await panel.getByRole('button', { name: 'Accept', exact: true }).click();
    await panel.getByText('Packages of Example works are accepted.').waitFor();
    await panel.getByRole('button', { name: 'Remove the key of Example works' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the key' }).click();
    await panel.getByText('Example works', { exact: true }).waitFor({ state: 'hidden' });
  });

  it('an installed program gets its settings on a camera', { skip: isReal }, async () => {
    await openCamera(site, 'Programs');
    const card = page.getByRole('region', { name: 'Tailgating' });
    await card.getByLabel('Tailgating is on').check();
    await page.getByText('Tailgating: “Door”: choose a line.').waitFor();
    await card.getByLabel('Door').selectOption({ label: 'L1 Kerb' });
    await card.getByLabel('Within').fill('99');
    await card.getByLabel('Within').press('Tab');
    await page.getByText('Tailgating: “Within” must be 0.2 to 30.').waitFor();
    await card.getByLabel('Within').fill('3');
    await card.getByLabel('Within').press('Tab');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
    await page.reload();
    assert.equal(await card.getByLabel('Within').inputValue(), '3');
  });

  it('the version before is brought back after a question', { skip: isReal }, async () => {
    await openPage(page, 'Software');
    const program = page.getByRole('region', { name: 'Tailgating' });
    await program.getByRole('button', { name: 'Bring back 1.1.0' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Bring it back' }).click();
    await page.getByText('Tailgating 1.1.0 is back in use.').waitFor();
    await program.getByText(/^1\.1\.0 \/ SDK/).waitFor();
  });

  it('the operation schedule shows hours and gaps', async () => {
    await page.getByRole('link', { name: 'Operation schedule' }).click();
    await page
      .getByText(/of 168 hours/)
      .first()
      .waitFor();
  });

  it('the control log says what was done, and that its chain is intact', async () => {
    await page.getByRole('link', { name: 'Control log' }).click();
    await page.getByText('The chain is intact').waitFor();
    const rows = page.locator('tbody tr');
    await rows
      .filter({ hasText: /started/ })
      .first()
      .waitFor();
    const wait = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export CSV' }).click();
    assert.equal((await wait).suggestedFilename(), 'control_log.csv');
  });

  it('sightings are filtered by colour, and open', { skip: isReal }, async () => {
    await openPage(page, 'Sightings');
    const list = page.getByRole('list', { name: 'Sightings, newest first' });
    await list.getByRole('button').first().waitFor();
    const all = await list.getByRole('button').count();
    await page.getByLabel('Upper clothing').selectOption('red');
    await page.waitForFunction(
      ([before]) => document.querySelectorAll('ul.grid button').length < before,
      [all],
    );
    await list.getByRole('button').first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Attributes').waitFor();
    await dialog.getByText('red').first().waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  it('counts have charts, a heat map and CSV', { skip: isReal }, async () => {
    await openCamera(site);
    await openTab(page, 'Counts');
    await page.locator('.u-over').first().waitFor();
    assert.equal(await page.locator('.u-wrap canvas').count(), 4);
    await page.getByRole('radio', { name: 'Where they pass' }).check();
    await page.getByText('passages').waitFor();
    const wait = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    assert.match((await wait).suggestedFilename(), /counts\.csv$/);
  });

  it('a program says its cost before it is switched on, and is refused when it is too much', async () => {
    await openCamera(site, 'Programs');
    const vehicle = page.getByRole('region', { name: 'AI Vehicle Detection' });
    await vehicle.getByText(/Would cost|Too much/).waitFor();
    if (site.isReal) return;
    await vehicle.getByLabel('AI Vehicle Detection is on').check();
    await page.getByText(/^Refused: Too much for this machine by \d+ ms/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Apply' }).isDisabled(), true);
    await page.getByLabel('AI People Detection is on').uncheck();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(site.problems, []));
});
