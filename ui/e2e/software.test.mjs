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
    await page.getByText(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/).waitFor();
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
    assert.equal(await page.locator('.u-wrap canvas').count(), 3);
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
