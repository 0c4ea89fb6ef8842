// Accounts by clicks: an administrator makes one for a guard, who signs in, looks, and changes his password.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { freePort, removeFolder, startProgram, tempFolder } from './program.mjs';

const PASSWORD = 'night shift phrase';
const OWN_PASSWORD = 'what only max knows';

describe('accounts', () => {
  const folder = tempFolder();
  let program, anna, max, page, guardPage, problems, address;

  before(async () => {
    const port = await freePort();
    program = await startProgram({ port, dataDir: `${folder}/data`, demo: false });
    address = `http://127.0.0.1:${port}`;
    [anna, max] = await Promise.all([browserHelp.openBrowser(), browserHelp.openBrowser()]);
    [page, guardPage] = [anna.page, max.page];
    for (const one of [page, guardPage]) one.setDefaultTimeout(20_000);
    problems = [page, guardPage].map(browserHelp.watchProblems);
    await browserHelp.firstStart(page, program.setupUrl);
  });

  after(async () => {
    await Promise.all([anna?.close(), max?.close()]);
    await program?.stop();
    removeFolder(folder);
  });

  const rows = () => page.getByRole('list', { name: 'Accounts' }).getByRole('listitem');

  /** Not at the page that was open before, to which signing in would lead back. */
  async function signInAtTheStart() {
    await guardPage.goto(address);
    await browserHelp.signIn(guardPage, { name: 'max', password: OWN_PASSWORD });
  }

  it('an administrator adds a viewer; what cannot be used is said at the field', async () => {
    await browserHelp.openPage(page, 'Settings');
    await page.getByRole('link', { name: 'Accounts', exact: true }).click();
    await rows().filter({ hasText: 'anna' }).getByText('you', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Add account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Give a name to sign in with.').waitFor();
    await dialog.getByText('At least 10 characters.', { exact: true }).waitFor();
    await dialog.getByLabel('Name').fill('ANNA');
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('there is already an account of this name').waitFor();
    await dialog.getByLabel('Name').fill('max');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await rows().filter({ hasText: 'max' }).getByText('Viewer').waitFor();
  });

  it('the viewer signs in, sees no way to change anything, and changes the own password', async () => {
    await guardPage.goto(address);
    await browserHelp.signIn(guardPage, { name: 'max', password: PASSWORD });
    await browserHelp.openPage(guardPage, 'Settings');
    const tabs = guardPage.getByRole('navigation', { name: 'Settings' });
    await tabs.getByRole('link', { name: 'System' }).waitFor();
    assert.equal(await tabs.getByRole('link', { name: 'Accounts', exact: true }).count(), 0);
    await guardPage.getByLabel('Account').click();
    await guardPage.getByRole('button', { name: 'Change password' }).click();
    const dialog = guardPage.getByRole('dialog');
    await dialog.getByLabel('Present password').fill('not this one');
    await dialog.getByLabel('New password', { exact: true }).fill(OWN_PASSWORD);
    await dialog.getByLabel('New password again').fill(OWN_PASSWORD);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('this is not your present password').waitFor();
    await dialog.getByLabel('Present password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('The new password is in force').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await browserHelp.signOut(guardPage);
    await signInAtTheStart();
  });

  it('an account that is switched off is signed out at once, and let in again when it is on', async () => {
    await page.getByRole('button', { name: 'Change max' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('May sign in').uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await rows().filter({ hasText: 'max' }).getByText('may not sign in').waitFor();
    await guardPage.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: SLOW_MS });
    await page.getByRole('button', { name: 'Change max' }).click();
    await dialog.getByLabel('May sign in').check();
    await dialog.getByText('Administrator', { exact: false }).first().click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await signInAtTheStart();
  });

  it('an account is deleted, and who did it stands in the list of changes', async () => {
    await page.getByRole('button', { name: 'Delete max' }).click();
    await page.getByRole('button', { name: 'Delete account' }).click();
    await rows().filter({ hasText: 'max' }).waitFor({ state: 'detached' });
    assert.equal(await rows().count(), 1);
    await guardPage.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: SLOW_MS });
    await page.getByRole('link', { name: 'Changes' }).click();
    await page.getByText('anna removed account max').waitFor();
    assert.doesNotMatch((await page.textContent('body')) ?? '', new RegExp(`${PASSWORD}|${OWN_PASSWORD}`));
  });

  it('a token is made, shown once, works without a cookie, and is worth nothing when revoked', async () => {
    await page.getByRole('link', { name: 'API tokens' }).click();
    await page.getByRole('heading', { name: 'No token yet' }).waitFor();
    await browserHelp.shot(page, 'tokens-empty');
    await page.getByRole('button', { name: 'Make token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    await dialog.getByText('use 1 to 64 characters').waitFor();
    await dialog.getByLabel('Name').fill('wall display');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    await dialog.getByText('It is shown this once').waitFor();
    const token = await dialog.locator('code').first().textContent();
    await browserHelp.shot(page, 'token-shown');
    const ask = (path, method = 'GET') =>
      fetch(`${address}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    assert.equal((await ask('/cameras')).status, 200);
    assert.equal((await ask('/cameras/none', 'DELETE')).status, 403);
    await dialog.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('list', { name: 'API tokens' }).getByRole('listitem');
    await row.getByText('wall display').waitFor();
    assert.ok(!(await page.textContent('body')).includes(token));
    await browserHelp.shot(page, 'tokens');
    await page.getByRole('button', { name: 'Revoke wall display' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByRole('heading', { name: 'No token yet' }).waitFor();
    assert.equal((await ask('/cameras')).status, 401);
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems.flat(), []));
});
