// Registration by clicks: one airelay relays a camera, the other guards it. Alarms with their pictures appear at
// the guard, the link goes and comes back, the token is revoked and made anew.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { findModel, freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';

const folder = tempFolder();
const model = findModel(folder);
const CAMERA_PASSWORD = 'password of the camera';
const LOGIN = { name: 'anna', password: 'a long pass phrase' };

describe('registration', { skip: model === null && 'no detector' }, () => {
  let camera, relay, guard, relayPort, guardPort, browser, page, problems;
  const at = (port) => `http://127.0.0.1:${port}`;
  const startRelay = (isFirst) =>
    startProgram({ port: relayPort, dataDir: `${folder}/node`, model, demo: false, isFirst });

  before(async () => {
    [relayPort, guardPort] = [await freePort(), await freePort()];
    camera = await startCamera({ password: CAMERA_PASSWORD });
    relay = await startRelay(true);
    guard = await startProgram({ port: guardPort, dataDir: `${folder}/guard`, demo: false });
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
    await browserHelp.firstStart(page, relay.setupUrl, LOGIN);
    await page.getByRole('link', { name: 'Add your first camera' }).click();
    await browserHelp.fillCamera(page, { name: 'Gate', ...camera });
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByTestId('result').getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await browserHelp.openTab(page, 'Zones');
    await browserHelp.drawZone(page, [
      [0.02, 0.05],
      [0.98, 0.05],
      [0.98, 0.97],
      [0.02, 0.97],
    ]);
    const rules = page.getByRole('region', { name: 'Rules' });
    await rules.getByLabel('After being inside for').fill('0');
    await rules.getByLabel('After being inside for').press('Tab');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
    await browserHelp.signOut(page);
    await browserHelp.firstStart(page, guard.setupUrl, LOGIN);
  });

  after(async () => {
    await browser?.close();
    for (const one of [relay, guard, camera]) await one?.stop();
    removeFolder(folder);
  });

  const west = () => page.getByRole('article', { name: 'West gate' });

  it('an address that is none and a wrong password are told in words', async () => {
    await browserHelp.openPage(page, 'Registration');
    await page.getByRole('article', { name: 'This airelay' }).waitFor();
    await page.getByText('Only this airelay is guarded so far').waitFor();
    await browserHelp.shot(page, 'nodes-empty');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText('Type the address.').waitFor();
    await dialog.getByLabel('IP address or name').fill('127.0.0.1');
    await dialog.getByLabel('Port').fill(String(await freePort()));
    await dialog.getByLabel('Administrator there').fill(LOGIN.name);
    await dialog.getByLabel('Password').fill('not this one');
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText('look at address, port and SSL').waitFor();
    await dialog.getByLabel('Port').fill(String(relayPort));
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText('wrong name or password').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Register' }).isDisabled());
    await browserHelp.shot(page, 'nodes-wrong-password');
  });

  it('an airelay is checked step by step and registered; its camera appears by itself', async () => {
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('West gate');
    await dialog.getByLabel('Password').fill(LOGIN.password);
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText('ready to be registered').waitFor();
    await dialog.getByText('Cameras: Gate').waitFor();
    await browserHelp.shot(page, 'nodes-checked');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await west().getByText('Up to date').waitFor({ timeout: SLOW_MS });
    await west().getByRole('link', { name: 'Gate' }).waitFor();
    await west().getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await browserHelp.shot(page, 'nodes');
    await page.setViewportSize({ width: 390, height: 800 });
    assert.equal(await browserHelp.overflowsSideways(page), false);
    await browserHelp.shot(page, 'nodes-phone');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await browserHelp.shot(page, 'nodes-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('the camera is seen live through the guard and cannot be changed there', async () => {
    await browserHelp.openPage(page, 'Cameras');
    await page.getByText('relayed by West gate').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Switch off Gate' }).count(), 0);
    await page.getByRole('link', { name: 'Live view of Gate' }).click();
    await page.locator('canvas').waitFor({ timeout: SLOW_MS });
    const shown = page.getByText('Shown here').locator('xpath=following-sibling::dd[1]');
    await page.waitForFunction(
      (element) => /[1-9]/.test(element?.textContent ?? ''),
      await shown.elementHandle(),
      { timeout: SLOW_MS },
    );
    await browserHelp.shot(page, 'nodes-live');
    const tabs = page.getByRole('navigation', { name: 'Pages of this camera' });
    assert.equal(await tabs.getByRole('link').count(), 1);
  });

  it('alarms of the camera come with their picture, and those of a time without link come later', async () => {
    await browserHelp.openPage(page, 'Alarms');
    const alarms = page.locator('main li').filter({ hasText: 'Gate' }).first();
    await alarms.waitFor({ timeout: SLOW_MS * 2 });
    const count = async () => {
      const answer = await page.request.get(`${at(guardPort)}/api/v1/events?limit=500`);
      return (await answer.json()).events;
    };
    await page.waitForFunction(
      async () => {
        const { events } = await (await fetch('/api/v1/events?limit=50')).json();
        return events.some((event) => event.shot !== null);
      },
      undefined,
      { timeout: SLOW_MS * 2, polling: 500 },
    );
    await browserHelp.shot(page, 'nodes-alarms');
    await relay.stop('SIGKILL');
    await browserHelp.openPage(page, 'Registration');
    await west().getByText('Not heard').waitFor({ timeout: SLOW_MS });
    await browserHelp.shot(page, 'nodes-down');
    const before = (await count()).length;
    relay = await startRelay(false);
    await west().getByText('Up to date').waitFor({ timeout: SLOW_MS });
    await page.waitForFunction(
      async (n) => (await (await fetch('/api/v1/events?limit=500')).json()).events.length > n,
      before,
      { timeout: SLOW_MS * 2, polling: 500 },
    );
    const ids = (await count()).map((event) => event.id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('a list of nodes goes out as CSV; several are switched off and on at once', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    const text = await (await import('node:fs/promises')).readFile(await download.path(), 'utf8');
    assert.match(
      text,
      new RegExp(`^name,host,port,ssl,fingerprint,enabled\\r\\nWest gate,127.0.0.1,${relayPort},`),
    );
    await page.getByLabel('Choose West gate').check();
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('region', { name: 'Disabled' }).getByText('Switched off').waitFor();
    await page.getByLabel('Choose West gate').check();
    await page.getByRole('button', { name: 'Enable' }).click();
    await west().getByText('Up to date').waitFor({ timeout: SLOW_MS });
    await page.locator('input[type=file]').setInputFiles({
      name: 'nodes.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('name,host,port\nEast,10.255.255.1,8092\nBad,,1\n'),
    });
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Line 3: no address.').waitFor();
    assert.equal(await dialog.getByLabel('IP address or name').inputValue(), '10.255.255.1');
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  it('a token that was revoked is told, and a login mends it; a node is removed', async () => {
    const token = await page.request.post(`${at(relayPort)}/api/v1/session`, {
      headers: { 'X-Csrf-Token': 'first' },
      data: LOGIN,
    });
    const { csrf_token: csrf } = await token.json();
    const list = await (await page.request.get(`${at(relayPort)}/api/v1/tokens`)).json();
    await page.request.delete(`${at(relayPort)}/api/v1/tokens/${list.tokens[0].id}`, {
      headers: { 'X-Csrf-Token': csrf },
    });
    // Both run on one host, and a browser's cookies know no ports.
    await page.goto(at(guardPort));
    await browserHelp.signIn(page, LOGIN);
    await browserHelp.openPage(page, 'Registration');
    await west().getByText('Needs you').waitFor({ timeout: SLOW_MS });
    await west().getByText('log in again').waitFor();
    await page.getByRole('button', { name: 'Change West gate' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Administrator there').fill(LOGIN.name);
    await dialog.getByLabel('Password').fill(LOGIN.password);
    await browserHelp.shot(page, 'nodes-change');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await west().getByText('Up to date').waitFor({ timeout: SLOW_MS });
    await page.getByRole('button', { name: 'Change West gate' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove node' }).click();
    await west().waitFor({ state: 'detached' });
    const text = (await page.textContent('body')) ?? '';
    assert.ok(!text.includes('airl_'));
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));
});
