// Clips of alarms by clicks and keys, in a real browser: with the real program a camera falls silent, its last
// pictures are played, stepped through and downloaded; clips are switched off; the disk they take is shown. The
// mock has boxes to look at, a clip that is gone and one that is being recorded.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  addCamera,
  firstStart,
  openBrowser,
  openPage,
  overflowsSideways,
  SLOW_MS,
  watchProblems,
} from './browser.mjs';
import { freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';
import { openSite } from './site.mjs';

/** Where pictures of the pages are put for people to look at; nowhere when unset. */
const SHOTS = process.env.AIRELAY_E2E_SHOTS;
const LOOKS = [
  ['light', { width: 1280, height: 900 }, 'light'],
  ['dark', { width: 1280, height: 900 }, 'dark'],
  ['phone', { width: 390, height: 844 }, 'light'],
];

/** No look is wider than its window; pictures of all of them, if asked for. */
async function look(page, name, place) {
  for (const [kind, size, colorScheme] of LOOKS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    assert.equal(await overflowsSideways(page), false, `${name} ${kind} is wider than its window`);
    if (SHOTS === undefined) continue;
    mkdirSync(SHOTS, { recursive: true });
    await place.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(SHOTS, `${name}-${kind}.png`) });
  }
  await page.setViewportSize(LOOKS[0][1]);
  await page.emulateMedia({ colorScheme: 'light' });
}

const player = (page) => page.getByRole('group', { name: 'Clip of this alarm' });
/** Number of the picture that is really drawn. */
const shown = async (page) => Number(await player(page).locator('canvas').getAttribute('data-index'));
const shows = (page, wanted) =>
  page.waitForFunction(
    (number) => document.querySelector('canvas[data-index]')?.getAttribute('data-index') === String(number),
    wanted,
  );

describe('clips of alarms, real program', () => {
  let folder, program, camera, browser, page, problems;

  before(async () => {
    folder = tempFolder();
    const port = await freePort();
    program = await startProgram({ port, dataDir: `${folder}/data`, demo: false });
    camera = await startCamera({ password: 'secret' });
    browser = await openBrowser({ height: 900 });
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

  it('settings say how much disk an alarm takes, and are saved', async () => {
    await addCamera(page, { name: 'Gate', ...camera });
    const card = page.getByRole('region', { name: 'Clips of alarms' });
    await card.getByText(/an alarm of 10 seconds keeps 25 seconds/).waitFor();
    await card.getByLabel('Before the alarm').fill('31');
    await card.getByText('0 to 30.').waitFor();
    assert.equal(await card.getByRole('button', { name: 'Save clips' }).isDisabled(), true);
    await card.getByLabel('Before the alarm').fill('4');
    await card.getByRole('button', { name: 'Save clips' }).click();
    await card.getByText('Saved. It works from now on.').waitFor();
    await page.reload();
    await card.getByLabel('Before the alarm').waitFor();
    assert.equal(await card.getByLabel('Before the alarm').inputValue(), '4');
    await look(page, 'clip-settings', card);
  });

  it('the pictures before a silent camera’s alarm are played and stepped through', async () => {
    await page.evaluate(async () => {
      const { csrf_token } = await (await fetch('/api/v1/session')).json();
      const [{ id }] = (await (await fetch('/api/v1/cameras')).json()).cameras;
      const { status, last_event, ...document } = await (await fetch(`/api/v1/cameras/${id}`)).json();
      document.rules = [{ id: 1, name: 'Gate is blind', kind: 'signal_lost', after_s: 5 }];
      const answer = await fetch(`/api/v1/cameras/${id}`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': csrf_token },
        body: JSON.stringify(document),
      });
      if (!answer.ok) throw new Error(await answer.text());
    });
    // Long enough for the seconds before: saved settings may begin them anew.
    const received = async () => {
      const text = await (await page.request.get(new URL('/metrics', page.url()).href)).text();
      return Number(/relay_frames_received_total\{[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const nBefore = await received();
    while ((await received()) < nBefore + 35) await page.waitForTimeout(300);
    await camera.stop();
    camera = null;
    await openPage(page, /Alarms/);
    const alarms = page.getByRole('list', { name: 'Alarms, newest first' });
    await alarms
      .getByRole('link', { name: /Gate is blind/ })
      .first()
      .click();
    await page.getByText(/Still being recorded: \d+ pictures so far/).waitFor();
    const bar = player(page).getByRole('slider', { name: 'Place in the clip' });
    const last = Number(await bar.getAttribute('max'));
    assert.ok(last >= 10, `about four seconds of pictures: ${last}`);
    // The alarm came after the last picture: the player begins there.
    await shows(page, last);
    await page.keyboard.press('ArrowLeft');
    await shows(page, last - 1);
    await player(page).getByRole('button', { name: 'Picture before' }).click();
    await shows(page, last - 2);
    await page.keyboard.press('Home');
    await shows(page, 0);
    await player(page)
      .getByText(/^−\d+\.\d{3} s$/)
      .waitFor();
    await player(page).getByRole('button', { name: 'Play', exact: true }).click();
    await shows(page, last);
    // It stops at the end by itself.
    await player(page).getByRole('button', { name: 'Play', exact: true }).waitFor();
    await bar.fill('3');
    await shows(page, 3);
    await look(page, 'clip-silent', player(page));
  });

  it('files are downloaded, and Chromium itself plays the MP4', async () => {
    const download = async (name) => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        player(page).getByRole('link', { name }).click(),
      ]);
      return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
    };
    const mkv = await download(/MKV/);
    assert.match(mkv.name, /^gate-\d{14}\.mkv$/);
    assert.equal(mkv.bytes.subarray(0, 4).toString('hex'), '1a45dfa3');
    const mp4 = await download('MP4');
    assert.match(mp4.name, /\.mp4$/);
    assert.equal(mp4.bytes.subarray(4, 8).toString(), 'ftyp');
    // Away from our pages, whose policy allows pictures alone.
    const empty = await page.context().newPage();
    const played = await empty.evaluate(async (text) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const video = document.createElement('video');
      video.muted = true;
      video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
      const told = new Promise((done) => {
        video.onended = () => done({ seconds: video.duration, width: video.videoWidth });
        video.onerror = () => done({ error: video.error?.message ?? 'no word' });
      });
      await video.play();
      return await told;
    }, mp4.bytes.toString('base64'));
    await empty.close();
    assert.equal(played.error, undefined, 'Chromium plays it to its end');
    assert.ok(played.seconds > 2 && played.width > 0, JSON.stringify(played));
  });

  it('the disk that clips take is shown by camera', async () => {
    await openPage(page, 'Settings');
    const rooms = page.getByRole('list', { name: 'Room by camera' });
    await rooms.getByText(/[MK]B of 2\.0 GB/).waitFor();
    await look(page, 'clip-usage', rooms);
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));
});

describe('clips of alarms, mock', () => {
  let site, page;
  before(async () => {
    site = await openSite('mock');
    ({ page } = site);
  });
  after(() => site?.close());

  const open = async (number) => {
    await page.goto(`${new URL(page.url()).origin}/alarms/01J${String(number).padStart(23, '0')}`);
    await page.getByRole('heading', { name: 'Clip', exact: true }).waitFor();
  };

  it(
    'boxes are drawn, the alarm’s object in red, and taken away',
    { skip: process.env.AIRELAY_E2E_SITE === 'real' },
    async () => {
      await open(60);
      await shows(page, 25);
      const reds = () =>
        page.evaluate(() => {
          const canvas = document.querySelector('canvas[data-index]');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let at = 0; at < data.length; at += 4)
            if (data[at] > 240 && data[at + 1] < 100 && data[at + 2] < 100) count += 1;
          return count;
        });
      assert.ok((await reds()) > 100, 'the object that caused the alarm has a red frame');
      await player(page)
        .getByText(/who caused the alarm, has the red frame/)
        .waitFor();
      await look(page, 'clip-boxes', player(page));
      await page.keyboard.press('b');
      await page.getByLabel('Boxes').and(page.locator(':not(:checked)')).waitFor();
      await page.waitForFunction(() => document.querySelector('canvas[data-index]') !== null);
      assert.equal(await reds(), 0);
      assert.equal(await shown(page), 25);
    },
  );

  it(
    'a clip that is gone says why, and one that is recorded says so',
    { skip: process.env.AIRELAY_E2E_SITE === 'real' },
    async () => {
      await open(58);
      await page.getByText('removed to make room for newer ones').waitFor();
      await open(59);
      await page.getByText('Still being recorded: 30 pictures so far.').waitFor();
    },
  );
});
