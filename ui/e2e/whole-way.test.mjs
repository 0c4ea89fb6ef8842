// The whole way of an installer and an operator, by clicks only and in the order of docs/guide.md: a camera is
// linked, programs are set up, the airelay is registered with another that guards it, a VMS server is told, an alarm
// is seen and handled, a person is searched, statistics are read.
//
// AIRELAY_E2E_PICTURES=../docs/pictures takes the guide's pictures anew.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { openPage, openTab, SLOW_MS } from './browser.mjs';
import { findModel, freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';
import { clickOnPicture } from './site.mjs';
import { PASSWORD, startXProtect } from './xprotect.mjs';

const folder = tempFolder();
const model = findModel(folder);
const pictures = process.env.AIRELAY_E2E_PICTURES;
const LOGIN = { name: 'anna', password: 'a long pass phrase' };
/** Nearly the whole picture: whoever walks through the street is in it. */
const ZONE = [
  [0.02, 0.2],
  [0.98, 0.2],
  [0.98, 0.97],
  [0.02, 0.97],
];
const LINE = [
  [0.5, 0.25],
  [0.5, 0.95],
];

describe('from the camera to the statistics', { skip: model === null && 'no detector' }, () => {
  let camera, relay, guard, relayPort, vms, browser, page, problems;

  before(async () => {
    relayPort = await freePort();
    [vms, camera, relay, guard] = await Promise.all([
      startXProtect(),
      startCamera({ password: 'of the camera' }),
      startProgram({ port: relayPort, dataDir: `${folder}/relay`, model, demo: false }),
      startProgram({ port: await freePort(), dataDir: `${folder}/guard`, demo: false }),
    ]);
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
    if (pictures) mkdirSync(pictures, { recursive: true });
  });

  after(async () => {
    await browser?.close();
    vms?.stop();
    await Promise.all([relay?.stop(), guard?.stop(), camera?.stop()]);
    removeFolder(folder);
  });

  const picture = (name) => pictures && page.screenshot({ path: join(pictures, `guide-${name}.png`) });
  const apply = async () => {
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  };
  const rowOfGate = () =>
    page
      .getByRole('list', { name: 'Alarms, newest first' })
      .getByRole('link')
      .filter({ hasText: 'Gate' })
      .filter({ has: page.locator('img') })
      .first();

  it('a camera is linked, and its picture comes', async () => {
    await browserHelp.firstStart(page, relay.setupUrl, LOGIN);
    await page.getByRole('link', { name: 'Add your first camera' }).click();
    await browserHelp.fillCamera(page, { name: 'Gate', ...camera });
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByTestId('result').getByText('Receiving').waitFor({ timeout: SLOW_MS });
    const latest = page.getByTestId('result').getByRole('img');
    await latest.scrollIntoViewIfNeeded();
    await latest.waitFor({ timeout: SLOW_MS });
    await picture('camera');
  });

  it('a zone gets a rule, a line is drawn, people are counted', async () => {
    await openTab(page, 'Zones and rules');
    await browserHelp.drawZone(page, ZONE);
    const rules = page.getByRole('region', { name: 'Rules' });
    await rules.getByLabel('After being inside for').fill('0');
    await rules.getByLabel('After being inside for').press('Tab');
    await page.getByRole('button', { name: 'Draw line' }).click();
    await clickOnPicture(page, LINE);
    await page.getByRole('button', { name: 'Finish' }).click();
    await apply();
    await page.getByTestId('zone-board').scrollIntoViewIfNeeded();
    await picture('zones');
    await openTab(page, 'Programs');
    await page.getByLabel('AI People Detection is on').check();
    await page.getByRole('button', { name: 'Add a counter' }).click();
    await page.getByLabel('Stored every').first().fill('1');
    await page.getByLabel('Stored every').first().press('Tab');
    await apply();
    await picture('programs');
    await openTab(page, 'Live');
    await page
      .getByRole('region', { name: 'In the picture' })
      .locator('tbody tr')
      .first()
      .waitFor({ timeout: SLOW_MS });
    await picture('live');
    await browserHelp.signOut(page);
  });

  it('another airelay registers it, and the camera appears there', async () => {
    await browserHelp.firstStart(page, guard.setupUrl, LOGIN);
    await openPage(page, 'Registration');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('West gate');
    await dialog.getByLabel('IP address or name').fill('127.0.0.1');
    await dialog.getByLabel('Port').fill(String(relayPort));
    await dialog.getByLabel('Administrator there').fill(LOGIN.name);
    await dialog.getByLabel('Password').fill(LOGIN.password);
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText('ready to be registered').waitFor();
    await picture('check');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const west = page.getByRole('article', { name: 'West gate' });
    await west.getByText('Up to date').waitFor({ timeout: SLOW_MS });
    await west.getByRole('link', { name: 'Gate' }).waitFor();
    await west.getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await picture('registration');
  });

  it('a VMS server is tested and saved', async () => {
    await openPage(page, 'Settings');
    await page.getByRole('link', { name: 'VMS servers' }).click();
    await page.getByRole('button', { name: 'Add VMS server' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Control room');
    await page.getByLabel('IP address or name').fill('127.0.0.1');
    await page.getByLabel('WEB API port').fill(String(vms.port));
    await page.getByLabel('SSL').uncheck();
    await page.getByLabel('User name').fill('relay');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByLabel('Notification port').fill(String(vms.port));
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByTestId('vms-test').getByText('Succeeded').waitFor();
    await page.getByTestId('vms-test').scrollIntoViewIfNeeded();
    await picture('vms');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Control room' }).waitFor();
  });

  it('an alarm comes from there, with its picture, reaches the VMS, and is closed', async () => {
    await openPage(page, /Alarms/);
    await rowOfGate().waitFor({ timeout: SLOW_MS * 2 });
    await picture('alarms');
    await rowOfGate().click();
    const alarm = page.getByRole('complementary', { name: 'Alarm' });
    await alarm.getByRole('heading', { name: 'Why there was an alarm' }).waitFor();
    await alarm.getByRole('img', { name: /best shot/ }).waitFor();
    await picture('alarm');
    await alarm.getByRole('button', { name: 'Acknowledge' }).click();
    await alarm
      .getByText(/Acknowledged/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    const isAlarm = (event) => !event.includes('TEST, nothing happened');
    const until = Date.now() + SLOW_MS * 2;
    while (!vms.events.some(isAlarm) && Date.now() < until) await page.waitForTimeout(200);
    assert.match(vms.events.find(isAlarm) ?? 'none came', /<Message>airelay [A-Z][a-z -]+<\/Message>/);
  });

  it('a person is searched by one of the pictures', async () => {
    await openPage(page, 'Search');
    const answers = page.getByRole('list', { name: /^Answers/ });
    await answers
      .getByRole('button', { name: /^More like/ })
      .first()
      .waitFor({ timeout: SLOW_MS * 2 });
    await answers
      .getByRole('button', { name: /^More like/ })
      .first()
      .click();
    const examples = page.getByRole('list', { name: 'Examples' }).getByRole('listitem');
    await examples.first().waitFor();
    assert.equal(await examples.count(), 1);
    await answers
      .getByText(/like example/)
      .first()
      .waitFor();
    await picture('search');
  });

  it('people are counted in the statistics', async () => {
    await openPage(page, 'Statistics');
    await page.getByRole('heading', { name: 'Statistics', exact: true }).waitFor();
    const tiles = page.getByRole('list', { name: 'Today' });
    const counted = tiles.getByRole('listitem').filter({ hasText: /^(Ins|Outs) today\s*[1-9]/ });
    const until = Date.now() + SLOW_MS * 2;
    // Tiles look again every half minute; an impatient person reloads.
    while ((await counted.count()) === 0 && Date.now() < until) {
      await page.waitForTimeout(2_000);
      await page.reload();
      await tiles.getByText('Ins today').waitFor();
    }
    assert.ok((await counted.count()) > 0, 'somebody crossed the line');
    const isIn = ((await counted.first().textContent()) ?? '').startsWith('Ins');
    await page.getByLabel('Number').selectOption({ label: isIn ? 'Ins over lines' : 'Outs over lines' });
    await page.getByLabel('Time', { exact: true }).selectOption({ index: 0 });
    await page.getByRole('radio', { name: 'Bars' }).check({ force: true });
    await page.getByText(/by minute:\s+[1-9]/).waitFor({ timeout: SLOW_MS });
    await page.locator('.u-over').first().waitFor({ timeout: SLOW_MS });
    await picture('statistics');
    assert.deepEqual(problems, []);
  });
});
