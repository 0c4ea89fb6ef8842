// Two people at once, changes not applied yet, and a program that goes away and comes back.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';

describe('trouble', () => {
  const folder = tempFolder();
  const dataDir = `${folder}/data`;
  const NAME = 'Yard';
  let program, camera, browser, page, port;

  before(async () => {
    port = await freePort();
    [program, camera] = await Promise.all([
      startProgram({ port, dataDir, demo: false }),
      startCamera({ password: 'right one' }),
    ]);
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    await browserHelp.firstStart(page, program.setupUrl);
  });

  after(async () => {
    await browser?.close();
    await Promise.all([program?.stop(), camera?.stop()]);
    removeFolder(folder);
  });

  it('without cameras the first page says what to do', async () => {
    await page.getByRole('heading', { name: 'No camera yet' }).waitFor();
    await page.getByRole('link', { name: 'Add your first camera' }).click();
    await browserHelp.fillCamera(page, { ...camera, name: NAME });
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('result');
    await result.getByText('These settings are not kept yet.').waitFor({ timeout: SLOW_MS });
    await result.getByRole('img', { name: 'Received by the test' }).waitFor();
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
  });

  it('of two people who change the same zones, the second is told', async () => {
    await browserHelp.openTab(page, 'Zones and rules');
    const other = await browser.context.newPage();
    await other.goto(page.url());
    const [mine, theirs] = [page, other].map((tab) => tab.getByLabel('Motion sensitivity'));
    await Promise.all([mine.waitFor(), theirs.waitFor()]);
    await theirs.fill('8');
    await other.getByRole('button', { name: 'Apply' }).click();
    await other.getByText('Applied. It works from now on.').waitFor();
    await other.close();

    await mine.fill('3');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText(/changed by somebody else/).waitFor();
    assert.equal(await mine.inputValue(), '3', 'what was set stays until it is given up');
    await page.getByRole('button', { name: 'Load again and lose my changes' }).click();
    await page.getByText('8 of 10').waitFor();
  });

  it('changes that are not applied are not lost by a click on a link', async () => {
    await page.getByLabel('Motion sensitivity').fill('2');
    await browserHelp.openPage(page, /Alarms/);
    const question = page.getByRole('dialog');
    await question.getByText('Leave without applying?').waitFor();
    await question.getByRole('button', { name: 'Stay' }).click();
    await question.waitFor({ state: 'hidden' });
    assert.equal(await page.getByLabel('Motion sensitivity').inputValue(), '2');
    await browserHelp.openPage(page, /Alarms/);
    await question.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Alarms', exact: true }).waitFor();
  });

  it('a lost connection is told on the page, and ends by itself', async () => {
    await browserHelp.openPage(page, 'Cameras');
    const card = page.getByRole('article').filter({ hasText: NAME });
    await card.getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await program.stop('SIGKILL');
    const banner = page.getByText('Connection lost');
    await banner.waitFor();
    await card.getByText(NAME).first().waitFor();

    program = await startProgram({ port, dataDir, demo: false, isFirst: false });
    await banner.waitFor({ state: 'hidden', timeout: SLOW_MS });
    await card.getByText('Receiving').waitFor({ timeout: SLOW_MS });
    assert.equal(await page.getByRole('heading', { name: 'Sign in' }).count(), 0, 'still signed in');
  });
});
