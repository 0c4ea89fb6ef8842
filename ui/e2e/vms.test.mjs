// A VMS server by clicks: a test that fails and says why, one that succeeds, cameras matched, saved, removed.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { shootInAllLooks } from './pictures.mjs';
import { findModel, freePort, removeFolder, startProgram, tempFolder } from './program.mjs';
import { PASSWORD, startXProtect } from './xprotect.mjs';

describe('VMS servers', () => {
  const folder = tempFolder();
  const pictures = process.env.AIRELAY_E2E_PICTURES;
  let program, browser, page, problems, vms;

  before(async () => {
    vms = await startXProtect();
    const model = findModel(folder);
    program = await startProgram({ port: await freePort(), dataDir: `${folder}/data`, model });
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
    await browserHelp.firstStart(page, program.setupUrl);
    if (pictures) mkdirSync(pictures, { recursive: true });
  });

  after(async () => {
    await browser?.close();
    vms?.stop();
    await program?.stop();
    removeFolder(folder);
  });

  const shoot = (name) => (pictures ? shootInAllLooks(page, pictures, name) : undefined);
  const dialog = () => page.getByRole('dialog');

  it('nothing is saved before a test went well, unless somebody wants it so', async () => {
    await browserHelp.openPage(page, 'Settings');
    await page.getByRole('link', { name: 'VMS servers' }).click();
    await page.getByRole('heading', { name: 'No VMS server yet' }).waitFor();
    await shoot('vms-none');
    await page.getByRole('button', { name: 'Add VMS server' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Control room');
    await page.getByLabel('IP address or name').fill('127.0.0.1');
    await page.getByLabel('WEB API port').fill(String(vms.port));
    await page.getByLabel('SSL').uncheck();
    await page.getByLabel('User name').fill('relay');
    await page.getByLabel('Password').fill('wrong');
    await page.getByLabel('Notification port').fill(String(vms.port));
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('vms-test');
    await result.getByText('Failed', { exact: true }).waitFor();
    await result.getByText(/invalid_grant.*basic user/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
    await shoot('vms-failed');
  });

  it('each step of a test is shown, and then it can be saved', async () => {
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('vms-test');
    await result.getByText('Succeeded').waitFor();
    await result.getByText('2 cameras').waitFor();
    assert.match(vms.events.at(-1), /TEST, nothing happened/);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Control room' }).waitFor();
  });

  it('cameras with the same address are proposed', async () => {
    await page.getByRole('button', { name: 'Cameras' }).click();
    await dialog().getByText('2 cameras there').waitFor();
    const choice = dialog().getByLabel('Camera there');
    await page.waitForFunction((select) => select.value === 'c1', await choice.first().elementHandle());
    await shoot('vms-cameras');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await page.getByText('1 matched by hand').waitFor();
  });

  it('an alarm of the street arrives at the server', { timeout: SLOW_MS * 3 }, async () => {
    await page.getByText(/What the server needs/).click();
    await page.getByText('airelay Intruder', { exact: true }).waitFor();
    const isAlarm = (event) => !event.includes('TEST, nothing happened');
    const until = Date.now() + SLOW_MS * 2;
    while (!vms.events.some(isAlarm) && Date.now() < until) await page.waitForTimeout(200);
    const alarm = vms.events.find(isAlarm);
    assert.match(
      alarm ?? 'none came',
      /<Message>airelay [A-Z][a-z -]+<\/Message>.*<Name>127\.0\.0\.1<\/Name>/s,
    );
    await page.getByTestId('sink-state').getByText('Delivering').waitFor();
    await shoot('vms-delivering');
  });

  it('a server is removed after a question', async () => {
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete VMS server' }).click();
    await page.getByRole('heading', { name: 'No VMS server yet' }).waitFor();
    assert.deepEqual(problems, []);
  });
});
