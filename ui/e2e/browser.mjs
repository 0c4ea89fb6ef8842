// Helpers for tests and screenshots in Debian's Chromium, without downloads.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** What waits for a camera or a detector on a busy machine. */
export const SLOW_MS = 60_000;

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a browser with its own new profile; `close()` removes it again. */
export async function openBrowser({ width = 1280, height = 800, ...options } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'airelay-ui-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ARGS,
    viewport: { width, height },
    ...options,
  });
  if (process.env.AIRELAY_E2E_PAGES === 'dist') await takePagesFromDist(context);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/**
 * Takes the pages from dist/ instead of those built into the program, so that a change to a page
 * can be tried without building the program: AIRELAY_E2E_PAGES=dist.
 */
export async function takePagesFromDist(context) {
  const dist = fileURLToPath(new URL('../dist/', import.meta.url));
  await context.route(/^http:\/\/[^/]+\/(?!api\/|healthz|metrics)/, (route) => {
    const path = join(dist, new URL(route.request().url()).pathname);
    return route.fulfill({ path: path !== dist && existsSync(path) ? path : join(dist, 'index.html') });
  });
}

/** Collects what a page should never do: errors, broken rules of the content security policy. */
export function watchProblems(page) {
  const problems = [];
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    // Answers such as 404 for "no picture yet" are part of the API; the pages show them.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(`console: ${message.text()}`);
    }
  });
  return problems;
}

/** Whether a page is wider than its window: a phone would have to scroll sideways. */
export function overflowsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** First start by clicks: the one-time link, an account, the empty list of cameras. */
export async function firstStart(page, setupUrl, { name = 'anna', password = 'a long pass phrase' } = {}) {
  await page.goto(setupUrl);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(password);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor();
}

/** Opens one of the main pages by its link. */
export const openPage = (page, name) =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();

/** Opens one of a camera's pages by its link. */
export const openTab = (page, name) =>
  page.getByRole('navigation', { name: 'Pages of this camera' }).getByRole('link', { name }).click();

/** Fills the form of a linked camera. */
export async function fillCamera(page, { name, host, port = '', path, user = '', password = '' }) {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Camera user name').fill(user);
  await page.getByLabel('Camera password').fill(password);
  await page.getByLabel('IP address or host').fill(host);
  await page.getByLabel('Port').fill(port);
  await page.getByLabel('Http Jpeg stream URL').fill(path);
}

/** Links a camera by clicks and waits for its picture. */
export async function addCamera(page, camera) {
  await openPage(page, 'Cameras');
  await page
    .getByRole('link', { name: /^Add (your first )?camera$/ })
    .first()
    .click();
  await fillCamera(page, camera);
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByTestId('result').getByText('Receiving').waitFor({ timeout: SLOW_MS });
}

/** Signs in by clicks. */
export async function signIn(page, { name = 'anna', password = 'a long pass phrase' } = {}) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Cameras', exact: true }).waitFor();
}

export async function signOut(page) {
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

/** Draws a zone with the mouse through corners given as 0..=1 of the picture. */
export async function drawZone(page, corners) {
  await page.getByRole('button', { name: 'Draw zone' }).click();
  const board = page.getByTestId('zone-board');
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  for (const [x, y] of corners) await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
  await page.getByRole('button', { name: 'Finish' }).click();
}

/** A picture of the page in the folder AIRELAY_E2E_SHOTS, for people to look at; nothing without it. */
export async function shot(page, name) {
  const folder = process.env.AIRELAY_E2E_SHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}
