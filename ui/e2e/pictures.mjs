// Pictures of every page of the real program in light, dark and phone width, for people to look at.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPage, openTab, overflowsSideways, SLOW_MS } from './browser.mjs';

const LOOKS = [
  ['light', { width: 1280, height: 800 }, 'light'],
  ['dark', { width: 1280, height: 800 }, 'dark'],
  ['phone', { width: 390, height: 844 }, 'light'],
];

/** Shoots what a signed-in person sees; throws when a page is wider than its window. */
export async function shootPages(page, folder, cameraName) {
  mkdirSync(folder, { recursive: true });
  const openCamera = async () => {
    await openPage(page, 'Cameras');
    await page.getByRole('link', { name: cameraName, exact: true }).click();
  };
  const steps = [
    [
      'cameras',
      async () => {
        await openPage(page, 'Cameras');
        await page
          .getByRole('img', { name: /^Latest picture/ })
          .nth(1)
          .waitFor({ timeout: SLOW_MS });
      },
    ],
    ['camera-add', () => page.getByRole('link', { name: 'Add camera' }).click()],
    [
      'live',
      async () => {
        await openCamera();
        await page.locator('tbody tr').first().waitFor({ timeout: SLOW_MS });
      },
    ],
    [
      'zones',
      async () => {
        await openTab(page, 'Zones and rules');
        await page.getByTestId('zone-board').waitFor();
        await page.locator('.board img').waitFor();
      },
    ],
    [
      'camera-settings',
      async () => {
        await openTab(page, 'Settings');
        // The picture is fetched only while it can be seen.
        await page.getByTestId('result').locator('figure').scrollIntoViewIfNeeded();
        await page.getByTestId('result').getByRole('img').waitFor({ timeout: SLOW_MS });
      },
    ],
    [
      'alarms',
      async () => {
        await openPage(page, /Alarms/);
        await page.getByRole('list', { name: 'Alarms, newest first' }).waitFor();
      },
    ],
    [
      'alarm',
      async () => {
        await page.getByRole('list', { name: 'Alarms, newest first' }).getByRole('link').nth(1).click();
        await page.getByRole('heading', { name: 'Why there was an alarm' }).waitFor();
      },
    ],
    ['settings', () => openPage(page, 'Settings')],
    ['webhooks', () => page.getByRole('link', { name: 'Webhooks' }).click()],
  ];
  const wide = [];
  for (const [look, size, colorScheme] of LOOKS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    for (const [name, open] of steps) {
      await open();
      await page.waitForLoadState('load');
      if (await overflowsSideways(page)) wide.push(`${name} ${look}`);
      const path = join(folder, `${name}-${look}.png`);
      await page.screenshot({ path, fullPage: !name.startsWith('alarm') });
    }
  }
  if (wide.length > 0) throw new Error(`wider than the window: ${wide.join(', ')}`);
}

/** The page as it is now, in every look; throws when it is wider than its window. */
export async function shootInAllLooks(page, folder, name) {
  const before = page.viewportSize();
  for (const [look, size, colorScheme] of LOOKS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    if (await overflowsSideways(page)) throw new Error(`wider than the window: ${name} ${look}`);
    await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true });
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}
