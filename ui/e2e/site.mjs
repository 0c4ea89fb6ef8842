// What the browser tests of the analytics pages run against.
//
// In: whether a file of tests wants the real program with its demo camera, or the mock of `dev/`,
// which needs `npm run build` once and nothing else; AIRELAY_E2E_SITE=real or mock decides for all.
// Out: a signed-in page, and the camera to work on.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as browserHelp from './browser.mjs';
import { findModel, freePort, removeFolder, startProgram, tempFolder } from './program.mjs';

const MOCK_START_MS = 15_000;

/** Whether tests that would like the program or the mock get the program. */
export const isRealSite = (wished) => (process.env.AIRELAY_E2E_SITE ?? wished) === 'real';

async function startMock() {
  const port = await freePort();
  const script = fileURLToPath(new URL('../dev/mock.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('the mock did not start')), MOCK_START_MS);
    child.stdout.once('data', () => {
      clearTimeout(timer);
      done();
    });
    child.once('error', fail);
  });
  return { url: `http://127.0.0.1:${port}`, cameraName: 'Front door', stop: () => child.kill() };
}

async function startReal() {
  const folder = tempFolder();
  const port = await freePort();
  const program = await startProgram({ port, dataDir: `${folder}/data`, model: findModel(folder) });
  return {
    url: `http://127.0.0.1:${port}`,
    cameraName: 'Demo street (simulated)',
    setupUrl: program.setupUrl,
    async stop() {
      await program.stop();
      removeFolder(folder);
    },
  };
}

/** Starts the site and a browser on it, signed in; `close()` ends both. */
export async function openSite(wished) {
  const isReal = isRealSite(wished);
  const site = await (isReal ? startReal() : startMock());
  const browser = await browserHelp.openBrowser();
  const { page } = browser;
  page.setDefaultTimeout(15_000);
  const problems = browserHelp.watchProblems(page);
  if (site.setupUrl) await browserHelp.firstStart(page, site.setupUrl);
  else await page.goto(site.url);
  await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor();
  return {
    ...site,
    isReal,
    page,
    problems,
    async close() {
      await browser.close();
      await site.stop();
    },
  };
}

/** Opens one of the camera's pages by clicks from the list of cameras. */
export async function openCamera({ page, cameraName }, tab) {
  await browserHelp.openPage(page, 'Cameras');
  await page.getByRole('link', { name: cameraName, exact: true }).click();
  if (tab) await browserHelp.openTab(page, tab);
}

/** Clicks on the picture at places 0..=1 of it. */
export async function clickOnPicture(page, points) {
  const board = page.getByTestId('zone-board');
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  for (const [x, y] of points) await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
}

/** Drags an element by pixels. */
export async function drag(page, target, dx, dy) {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 3 });
  await page.mouse.move(x + dx, y + dy, { steps: 3 });
  await page.mouse.up();
}
