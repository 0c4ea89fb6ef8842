// Alarms by e-mail by clicks: a test that fails and says why, one that succeeds, an alarm of the street that
// arrives with its picture, one that is refused and sent again.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { shootInAllLooks } from './pictures.mjs';
import { findModel, freePort, removeFolder, startProgram, tempFolder } from './program.mjs';
import { PASSWORD, startSmtp } from './smtp.mjs';

describe('alarms by e-mail', () => {
  const folder = tempFolder();
  const pictures = process.env.AIRELAY_E2E_PICTURES;
  let program, browser, page, problems, smtp;

  before(async () => {
    smtp = await startSmtp();
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
    smtp?.stop();
    await program?.stop();
    removeFolder(folder);
  });

  const shoot = (name) => (pictures ? shootInAllLooks(page, pictures, name) : undefined);
  const dialog = () => page.getByRole('dialog');

  it('a test that fails says at which step, and nothing is saved', async () => {
    await browserHelp.openPage(page, 'Settings');
    await page.getByRole('link', { name: 'E-mail' }).click();
    await page.getByRole('heading', { name: 'No mail server yet' }).waitFor();
    await shoot('mail-none');
    await page.getByRole('button', { name: 'Add mail server' }).click();
    await page.getByRole('button', { name: 'Test' }).click();
    await dialog().getByText('Type at least one address.').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Guards');
    await page.getByLabel('None', { exact: true }).check();
    await dialog()
      .getByText(/travel in the clear/)
      .waitFor();
    await page.getByLabel('SMTP server').fill('127.0.0.1');
    await page.getByLabel('Port').fill(String(smtp.port));
    await page.getByLabel('User name').fill('relay');
    await page.getByLabel('Password').fill('wrong');
    await page.getByLabel('From').fill('airelay@site.example');
    await page.getByLabel('To', { exact: true }).fill('guard@site.example\nboss@site.example');
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('mail-test');
    await result.getByText('Failed', { exact: true }).waitFor();
    await result.getByText(/535 5\.7\.8 bad credentials; type user name and password anew/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
    await shoot('mail-failed');
  });

  it('a test that succeeds sends a mail marked as a test, and then it can be saved', async () => {
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('mail-test');
    await result.getByText('Succeeded').waitFor();
    await result.getByText('taken: 250 2.0.0 queued').waitFor();
    await shoot('mail-succeeded');
    assert.match(smtp.mails.at(-1), /^Subject: TEST, nothing happened/m);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByText('guard@site.example, boss@site.example').waitFor();
  });

  it('an alarm of the street arrives with its picture and a link', { timeout: SLOW_MS * 3 }, async () => {
    const isAlarm = (mail) => !mail.includes('TEST, nothing happened');
    const until = Date.now() + SLOW_MS * 2;
    while (!smtp.mails.some(isAlarm) && Date.now() < until) await page.waitForTimeout(200);
    const mail = smtp.mails.find(isAlarm) ?? 'none came';
    assert.match(mail, /^Message-ID: <[0-9A-Z]{26}-0\.airelay@site\.example>/m);
    assert.match(mail, /Content-Type: image\/jpeg[^]*\/9j\//);
    assert.match(mail.replaceAll('=\r\n', ''), /Open it: http:[^ ]*\/alarms\/[0-9A-Z]{26}/);
    await page.getByTestId('sink-state').getByText('Delivering').waitFor();
  });

  it('a refused mail is shown with the reason, and sent again', { timeout: SLOW_MS * 3 }, async () => {
    smtp.refuse(554);
    await page.getByText(/554 not now; the server.s log says more/).waitFor({ timeout: SLOW_MS * 2 });
    await shoot('mail-refused');
    smtp.refuse(null);
    const nBefore = smtp.mails.length;
    await page.getByRole('button', { name: 'Send again' }).click();
    const until = Date.now() + SLOW_MS;
    while (smtp.mails.length === nBefore && Date.now() < until) await page.waitForTimeout(100);
    assert.ok(smtp.mails.length > nBefore);
  });

  it('a mail server is removed after a question', async () => {
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete mail server' }).click();
    await page.getByRole('heading', { name: 'No mail server yet' }).waitFor();
    assert.deepEqual(problems, []);
  });
});
