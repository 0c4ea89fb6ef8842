// The operator's work, in a real browser against the real program: alarms that come live are handled by clicks and
// keys, as incidents, by two people; a false one proposes what helps; noisy rules, settings of alarms.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  firstStart,
  openBrowser,
  openPage,
  overflowsSideways,
  signIn,
  SLOW_MS,
  watchProblems,
} from './browser.mjs';
import { freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';

/** Where pictures of the pages are put for people to look at; nowhere when unset. */
const SHOTS = process.env.AIRELAY_E2E_SHOTS;
const LOOKS = [
  ['light', { width: 1280, height: 800 }, 'light'],
  ['dark', { width: 1280, height: 800 }, 'dark'],
  ['phone', { width: 390, height: 844 }, 'light'],
];
const PASSWORD = 'a long pass phrase';

describe('handling alarms', () => {
  let folder, url, program, camera, browser, page, problems;

  before(async () => {
    folder = tempFolder();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    program = await startProgram({ port, dataDir: `${folder}/data`, demo: false });
    camera = await startCamera({ password: 'secret' });
    browser = await openBrowser();
    ({ page } = browser);
    page.setDefaultTimeout(SLOW_MS);
    problems = watchProblems(page);
    await firstStart(page, program.setupUrl);
  });
  after(async () => {
    await browser?.close();
    await camera?.stop();
    await program?.stop();
    removeFolder(folder);
  });

  /** A call of the signed-in person, for what is not this test's subject. */
  const api = (method, path, body) =>
    page.evaluate(
      async ([method_, path_, body_]) => {
        const { csrf_token } = await (await fetch('/api/v1/session')).json();
        const answer = await fetch(`/api/v1${path_}`, {
          method: method_,
          headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': csrf_token },
          ...(body_ === null ? {} : { body: JSON.stringify(body_) }),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
        return text === '' ? null : JSON.parse(text);
      },
      [method, path, body ?? null],
    );

  /** No look is wider than its window; pictures of all of them, if asked for. */
  async function look(name) {
    for (const [kind, size, colorScheme] of LOOKS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      assert.equal(await overflowsSideways(page), false, `${name} ${kind} is wider than its window`);
      if (SHOTS === undefined) continue;
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${kind}.png`) });
    }
    await page.setViewportSize(LOOKS[0][1]);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  const rows = () => page.getByRole('list', { name: 'Alarms, newest first' });
  const told = (text) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const dialog = () => page.getByRole('dialog');

  it('before the first alarm the page says where alarms come from', async () => {
    await openPage(page, /Alarms/);
    await page.getByRole('heading', { name: 'No alarm yet' }).waitFor();
    await look('alarms-none');
  });

  it('alarms come live, are counted in the title, and are one incident', async () => {
    await openPage(page, 'Cameras');
    const { host, port, path, user, password } = camera;
    const link = { host, port: Number(port), path, mode: 'stream', user, password };
    const { id } = await api('POST', '/cameras', { name: 'Gate', link });
    const { status: _status, last_event: _last, ...document } = await api('GET', `/cameras/${id}`);
    const rule = (number, name, severity) => ({
      id: number,
      name,
      kind: 'signal_lost',
      after_s: 5,
      severity,
    });
    document.rules = [rule(1, 'Gate is blind', 'critical'), rule(2, 'Gate is late', 'low')];
    await api('PUT', `/cameras/${id}`, document);
    await page.getByText('Receiving').first().waitFor();
    await camera.stop();
    camera = null;
    await page.waitForFunction(() => document.title.startsWith('(2) '));
    await openPage(page, /Alarms/);
    await rows().getByText('2 alarms of 2 rules').waitFor();
    await rows().getByText('Critical').waitFor();
    await page.waitForFunction(() => !document.title.startsWith('('));
    await page.getByText('New (2)').waitFor();
    await look('alarms-new');
  });

  it('keys move, unfold, choose, acknowledge and write', async () => {
    await page.keyboard.press('j');
    await page.locator('[data-cursor]').waitFor();
    await page.keyboard.press('e');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByRole('group', { name: 'With the chosen alarms' }).getByText('1 alarm chosen').waitFor();
    await page.keyboard.press('a');
    await told('1 alarm acknowledged.');
    await rows().getByText('1 new, 1 acknowledged').or(rows().getByText('1 acknowledged, 1 new')).waitFor();
    await page.keyboard.press('k');
    await page.keyboard.press('m');
    await told('2 alarms assigned.');
    await rows().getByText('Assigned to anna').first().waitFor();
    await page.keyboard.press('n');
    await dialog().getByLabel('Note').fill('Called the guard at the gate.');
    await page.keyboard.press('Control+Enter');
    await told('2 alarms noted.');
    await page.keyboard.press('?');
    await dialog().getByText('Next line').waitFor();
    await look('alarms-keys');
    await page.keyboard.press('Escape');
  });

  it('what somebody else does appears by itself', async () => {
    await api('POST', '/accounts', { name: 'Bob', role: 'operator', password: PASSWORD });
    const second = await openBrowser();
    const other = second.page;
    try {
      other.setDefaultTimeout(SLOW_MS);
      await other.goto(url);
      await signIn(other, { name: 'Bob', password: PASSWORD });
      await openPage(other, /Alarms/);
      const line = other.getByRole('list', { name: 'Alarms, newest first' });
      await line.getByLabel(/^Choose this incident/).check();
      const bar = other.getByRole('group', { name: 'With the chosen alarms' });
      await bar.getByRole('button', { name: 'Assign to me' }).click();
      await line.getByText('Assigned to Bob').first().waitFor();
      await rows().getByText('Assigned to Bob').first().waitFor();
      // An operator changes no settings.
      await other
        .getByRole('navigation', { name: 'Pages about alarms' })
        .getByRole('link', { name: 'Settings' })
        .click();
      await other.getByText('Only an administrator can change this.').waitFor();
    } finally {
      await second.close();
    }
  });

  it('an alarm is opened, tells its history, and is closed with a reason', async () => {
    await rows()
      .getByRole('link', { name: /Gate is blind/ })
      .first()
      .click();
    const alarm = page.getByRole('complementary', { name: 'Alarm' });
    const history = alarm.getByRole('list', { name: 'History' });
    await history.getByText('Called the guard at the gate.').waitFor();
    await history.getByText('Bob').first().waitFor();
    await look('alarm-open');
    await alarm.getByRole('button', { name: 'Close…' }).click();
    await dialog().getByRole('radio', { name: /Other/ }).check();
    await dialog().getByRole('button', { name: 'Close it' }).click();
    await dialog().getByText('Say what it was.').waitFor();
    await look('alarm-close');
    await dialog().getByRole('radio', { name: /Real/ }).check();
    await dialog().getByRole('button', { name: 'Close it' }).click();
    await told('1 alarm closed.');
    await alarm.getByText('Closed: real').waitFor();
    await page.getByRole('button', { name: 'Reopen' }).first().click();
    await told('1 alarm reopened.');
    await page.keyboard.press('Escape');
  });

  it('an incident is closed by keys as false alarm, and the list says that nothing is left to do', async () => {
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('c');
    await page.keyboard.press('2');
    await page.keyboard.press('Enter');
    await told('2 alarms closed.');
    await page.getByRole('heading', { name: 'Nothing to do' }).waitFor();
    await look('alarms-done');
    await page.getByLabel('Closed', { exact: true }).check();
    await rows().getByText('Closed: false alarm').first().waitFor();
  });

  it('a false alarm that is over proposes what would have kept it away', async () => {
    camera = await startCamera({ password: 'secret' });
    const [{ id }] = (await api('GET', '/cameras')).cameras;
    const { status: _status, last_event: _last, ...document } = await api('GET', `/cameras/${id}`);
    document.link = { ...document.link, port: Number(camera.port), password: camera.password };
    delete document.link.has_password;
    await api('PUT', `/cameras/${id}`, document);
    await rows().getByText('Going on').first().waitFor({ state: 'detached' });
    await rows()
      .getByRole('link', { name: /Gate is blind/ })
      .first()
      .click();
    const help = page.getByRole('region', { name: 'So that it does not come again' });
    await help.getByText(/^Wait for \d+ s$/).waitFor();
    await look('alarm-help');
    await help.getByRole('button', { name: 'Open as draft' }).first().click();
    await page.getByText(/^1 change$/).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.goBack();
    await help.getByRole('button', { name: 'Apply' }).first().click();
    await help.getByText(/works from now on/).waitFor();
    const after = await api('GET', `/cameras/${id}`);
    assert.ok(after.rules[0].after_s > 5, `the rule waits longer: ${after.rules[0].after_s}`);
    await page.keyboard.press('Escape');
  });

  it('evidence is taken out, verified, and a changed byte is found', async () => {
    await rows()
      .getByRole('link', { name: /Gate is blind/ })
      .first()
      .click();
    const taken = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Take out evidence' }).click();
    const path = join(folder, 'evidence.zip');
    await (await taken).saveAs(path);
    await page.keyboard.press('Escape');
    const pages = page.getByRole('navigation', { name: 'Pages about alarms' });
    await pages.getByRole('link', { name: 'Verify evidence' }).click();
    await page.getByLabel('Evidence (zip file)').setInputFiles(path);
    await page.getByText('Genuine: nothing was changed, added or taken away').waitFor();
    await look('evidence-genuine');
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    writeFileSync(path, bytes);
    await page.getByLabel('Evidence (zip file)').setInputFiles([]);
    await page.getByLabel('Evidence (zip file)').setInputFiles(path);
    await page.getByText('Not proven to be as it was given out').waitFor();
    await look('evidence-changed');
    await openPage(page, 'Alarms');
  });

  it('noisy rules are counted, and settings of alarms are saved', async () => {
    const pages = page.getByRole('navigation', { name: 'Pages about alarms' });
    await pages.getByRole('link', { name: 'Noisy rules' }).click();
    await page
      .getByRole('row', { name: /Gate is blind/ })
      .getByText('1 of 1 closed')
      .waitFor();
    await look('noisy-rules');
    await pages.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Within, in seconds').fill('45');
    await page.getByLabel('Heard all the same').selectOption({ label: 'High and critical alarms' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. It works from now on.').waitFor();
    await page.reload();
    await page.getByLabel('Within, in seconds').waitFor();
    assert.equal(await page.getByLabel('Within, in seconds').inputValue(), '45');
    await look('alarm-settings');
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));
});
