// From the first start to the first alarm, by clicks only, in the real program.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { shootPages } from './pictures.mjs';
import { findModel, freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';

const folder = tempFolder();
const model = findModel(folder);
const NAME = 'Gate';
/** Nearly the whole picture: whoever walks through the street is in it. */
const ZONE = [
  [0.02, 0.2],
  [0.98, 0.2],
  [0.98, 0.97],
  [0.02, 0.97],
];

describe('first start to first alarm', { skip: model === null && 'no detector' }, () => {
  let program, camera, browser, page, problems;
  const result = () => page.getByTestId('result');
  const fact = (name) => result().locator(`dt:text-is("${name}") + dd`);

  before(async () => {
    const port = await freePort();
    [program, camera] = await Promise.all([
      startProgram({ port, dataDir: `${folder}/data`, model }),
      startCamera({ password: 'right one' }),
    ]);
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
  });

  after(async () => {
    await browser?.close();
    await Promise.all([program?.stop(), camera?.stop()]);
    removeFolder(folder);
  });

  it('the printed link makes the account, and works once', async () => {
    await browserHelp.firstStart(page, program.setupUrl);
    assert.equal(await page.getByText('You are signed in').count(), 0);
    await page.goto(program.setupUrl);
    await page.getByRole('heading', { name: 'airelay is already set up' }).waitFor();
    await browserHelp.openPage(page, 'Cameras');
  });

  it('the first page shows something alive: the demo camera', async () => {
    const card = page.getByRole('article').filter({ hasText: 'Demo street' });
    await card.getByText('Receiving').waitFor({ timeout: SLOW_MS });
    const picture = card.getByRole('img', { name: /^Latest picture/ });
    await picture.waitFor({ timeout: SLOW_MS });
    const first = await picture.getAttribute('src');
    await page.waitForFunction(
      ([was]) => document.querySelector('article img[alt^="Latest picture"]')?.getAttribute('src') !== was,
      [first],
      { timeout: SLOW_MS },
    );
  });

  it('a camera with a wrong password says so in plain words', async () => {
    await page.getByRole('link', { name: 'Add camera' }).click();
    await browserHelp.fillCamera(page, { ...camera, name: NAME, password: 'wrong one' });
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    const cause = result().getByText('The camera refused the user name or password.');
    await cause.waitFor({ timeout: SLOW_MS });
    await result().getByText('Type them again.').waitFor();
    assert.equal(await fact('HTTP status').textContent(), '401');
    assert.doesNotMatch((await page.textContent('body')) ?? '', /wrong one/);
  });

  it('with the right password the result fills: picture, resolution, frame rate', async () => {
    await page.getByLabel('Camera password').fill(camera.password);
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await result().getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await fact('Resolution').filter({ hasText: '1280 × 720' }).waitFor({ timeout: SLOW_MS });
    await fact('Frame rate').filter({ hasText: /[1-9]/ }).waitFor({ timeout: SLOW_MS });
    await fact('Sign-in method').filter({ hasText: 'Digest' }).waitFor();
    await result()
      .getByRole('img', { name: `Latest picture of ${NAME}` })
      .waitFor({ timeout: SLOW_MS });
  });

  it('a zone is drawn on the picture with a rule for all classes, and applied', async () => {
    await browserHelp.openTab(page, 'Zones and rules');
    await browserHelp.drawZone(page, ZONE);
    const rules = page.getByRole('region', { name: 'Rules' });
    const classes = rules.getByRole('group', { name: 'Raises an alarm for' });
    for (const name of ['Bicycle', 'Car', 'Motorcycle', 'Bus', 'Truck']) {
      await classes.getByRole('button', { name, exact: true }).click();
    }
    await rules.getByLabel('After being inside for').fill('0');
    await rules.getByLabel('After being inside for').press('Tab');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
    assert.equal(await classes.locator('button[aria-pressed="true"]').count(), 6);
  });

  it('the live view shows moving pictures with boxes', async () => {
    await browserHelp.openTab(page, 'Live');
    // A box's label is a filled bar in a colour that the drawn street does not have.
    const seen = await page.waitForFunction(
      () => {
        const canvas = document.querySelector('canvas');
        if (!canvas || canvas.width === 0) return null;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const labels = [0xffd23f, 0x5ee6a8, 0x62c6ff];
        const colours = new Set();
        let labelled = 0;
        for (let at = 0; at < data.length; at += 4) {
          const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
          colours.add(colour);
          if (labels.includes(colour)) labelled += 1;
        }
        return colours.size > 500 && labelled > 200 ? { colours: colours.size, labelled } : null;
      },
      undefined,
      { timeout: SLOW_MS, polling: 250 },
    );
    assert.ok((await seen.jsonValue()).labelled > 200);
    await page.getByRole('region', { name: 'In the picture' }).locator('tbody tr').first().waitFor();
  });

  it('the alarm arrives in the list by itself, with its picture', async () => {
    await browserHelp.openPage(page, /Alarms/);
    const row = page
      .getByRole('list', { name: 'Alarms, newest first' })
      .getByRole('link')
      .filter({ hasText: NAME })
      .filter({ has: page.locator('img') });
    await row.first().waitFor({ timeout: SLOW_MS });
    const width = await row.first().locator('img').evaluate(naturalWidthOf);
    assert.ok(width > 0, 'the picture in the list is broken');
    await row.first().click();
  });

  it('the alarm says why, and shows the best shot', async () => {
    const alarm = page.getByRole('complementary', { name: 'Alarm' });
    await alarm.getByRole('heading', { name: 'Why there was an alarm' }).waitFor();
    const conditions = alarm.getByRole('list', { name: 'Conditions' }).getByRole('listitem');
    assert.ok((await conditions.count()) >= 3);
    assert.equal(await conditions.filter({ hasText: 'Stopped:' }).count(), 0);
    assert.ok((await alarm.getByRole('img', { name: /best shot/ }).evaluate(naturalWidthOf)) > 0);
    assert.match((await alarm.textContent()) ?? '', new RegExp(`Camera\\s*${NAME}`));
  });

  it('signing out closes the pages, signing in opens them again', async () => {
    await browserHelp.signOut(page);
    await page.goBack();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByLabel('Name').fill('anna');
    await page.getByLabel('Password', { exact: true }).fill('not the pass phrase');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('wrong name or password').waitFor();
    await page.getByLabel('Name').fill('anna');
    await page.getByLabel('Password', { exact: true }).fill('a long pass phrase');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));

  it(
    'pictures of every page',
    { skip: !process.env.AIRELAY_E2E_PICTURES && 'AIRELAY_E2E_PICTURES is not set' },
    () => shootPages(page, process.env.AIRELAY_E2E_PICTURES, NAME),
  );
});

/** Runs in the page: the width of a picture once it is loaded, 0 when it is broken. */
async function naturalWidthOf(image) {
  if (!image.complete) {
    await new Promise((done) => {
      image.onload = done;
      image.onerror = done;
    });
  }
  return image.naturalWidth;
}
