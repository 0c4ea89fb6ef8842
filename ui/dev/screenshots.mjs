// Takes a picture of every page from the mock server: light, dark and phone width.
//
//   npm run build && node dev/mock.mjs &   then   node dev/screenshots.mjs [folder] [page] [look]

import { mkdirSync } from 'node:fs';
import { drawZone, openBrowser, overflowsSideways, watchProblems } from '../e2e/browser.mjs';

const BASE = process.env.MOCK_URL ?? 'http://127.0.0.1:8192';
const folder = process.argv[2] ?? 'screenshots';
const only = process.argv[3];
const onlyLook = process.argv[4];
mkdirSync(folder, { recursive: true });

const scenario = (name) => fetch(`${BASE}/mock/scenario?name=${name}`);
const newestAlarm = () => `/alarms/01J${String(57).padStart(23, '0')}`;

/** name, path, scenario, steps before the picture. */
const SHOTS = [
  [
    'setup',
    '/setup?token=abc',
    'setup',
    (page) => page.getByRole('button', { name: 'Make the account' }).click(),
  ],
  ['setup-no-token', '/', 'setup'],
  [
    'sign-in-locked',
    '/',
    'signed_out',
    async (page) => {
      for (let n = 0; n < 4; n += 1) {
        await page.getByLabel('Name').fill('anna');
        await page.getByLabel('Password').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.waitForTimeout(200);
      }
    },
  ],
  ['cameras', '/', 'default', (page) => page.waitForTimeout(1500)],
  ['cameras-empty', '/', 'empty'],
  ['cameras-motion-only', '/', 'motion_only'],
  [
    'camera-add',
    '/cameras/new',
    'default',
    async (page) => {
      await page.getByLabel('Maker’s preset').selectOption('ipro-mjpeg');
      await page.getByLabel('IP address or host').fill('192.168.0.300');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
    },
  ],
  [
    'camera-certificate',
    '/cameras/new',
    'default',
    async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('Roof');
      await page.getByLabel('HTTPS', { exact: true }).check();
      await page.getByLabel('IP address or host').fill('192.168.0.40');
      await page.getByRole('button', { name: 'Test' }).click();
      await page.getByTestId('fingerprint').waitFor();
    },
  ],
  ['camera-edit', '/cameras/yard/edit', 'default', (page) => page.waitForTimeout(1500)],
  ['live', '/cameras/front-door', 'default', (page) => page.waitForTimeout(3000)],
  ['live-failed', '/cameras/car-park', 'default'],
  ['zones', '/cameras/front-door/zones', 'default', (page) => page.waitForTimeout(1200)],
  [
    'zones-drawing',
    '/cameras/front-door/zones',
    'default',
    async (page) => {
      await page.waitForTimeout(800);
      await drawZone(page, [
        [0.62, 0.66],
        [0.95, 0.66],
        [0.9, 0.8],
        [0.7, 0.5],
      ]).catch(() => undefined);
    },
  ],
  [
    'zones-rule',
    '/cameras/front-door/zones',
    'default',
    async (page) => {
      await page.waitForTimeout(800);
      await page.getByLabel('Smallest size').check();
      await page.getByRole('slider', { name: /^Sensitivity/ }).fill('7');
      await page.getByText('1 change', { exact: true }).click();
    },
  ],
  [
    'zones-kinds',
    '/cameras/front-door/zones',
    'default',
    (page) => page.getByRole('button', { name: 'Add rule' }).click(),
  ],
  [
    'zones-direction',
    '/cameras/front-door/zones',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Add rule' }).click();
      await page.getByRole('button', { name: /^Wrong way/ }).click();
      await page.getByText('Advanced').click();
    },
  ],
  [
    'zones-try',
    '/cameras/front-door/zones',
    'default',
    async (page) => {
      await page.getByLabel('Smallest size').check();
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.getByText('no longer').first().waitFor();
      await page.waitForTimeout(600);
    },
  ],
  [
    'zones-limits',
    '/cameras/front-door/zones',
    'default',
    async (page) => {
      await page.getByText('Advanced').click();
      await page.getByLabel('Shape, width over height: At most').fill('0.9');
    },
  ],
  ['demo', '/cameras/front-door/demo', 'default', (page) => page.waitForTimeout(2500)],
  ['programs', '/cameras/front-door/programs', 'default', (page) => page.waitForTimeout(1500)],
  [
    'programs-refused',
    '/cameras/front-door/programs',
    'default',
    async (page) => {
      await page.waitForTimeout(800);
      await page.getByLabel('AI Vehicle Detection is on').check();
      await page.waitForTimeout(800);
    },
  ],
  [
    'programs-installed',
    '/cameras/front-door/programs',
    'default',
    async (page) => {
      await page.getByText('Is the view good enough?').first().click();
      await page.getByLabel('Tailgating is on').check();
      await page.waitForTimeout(800);
    },
  ],
  ['counts', '/cameras/front-door/counts', 'default', (page) => page.waitForTimeout(1800)],
  ['why', '/cameras/front-door/why', 'default', (page) => page.waitForTimeout(1200)],
  ['sightings', '/sightings', 'default', (page) => page.waitForTimeout(1500)],
  [
    'sighting',
    '/sightings',
    'default',
    (page) => page.getByRole('list', { name: 'Sightings, newest first' }).getByRole('button').nth(1).click(),
  ],
  ['search', '/search', 'default', (page) => page.waitForTimeout(1500)],
  [
    'search-refined',
    '/search?sighting=899&program=people&picture=/api/v1/sightings/shots/people-1.jpg',
    'default',
    async (page) => {
      await page
        .locator('summary')
        .first()
        .evaluate((summary) => (summary.parentElement.open = true));
      await page.getByRole('button', { name: 'Upper clothing red: any' }).click();
      await page.getByRole('button', { name: 'Less like Person 4', exact: true }).click();
      await page.waitForTimeout(1500);
    },
  ],
  [
    'search-timeline',
    '/search',
    'default',
    async (page) => {
      await page.getByRole('radio', { name: 'Timeline' }).check({ force: true });
      await page.waitForTimeout(1500);
    },
  ],
  [
    'search-journey',
    '/search',
    'default',
    async (page) => {
      await page.getByLabel('Person 2 belongs to the journey').check();
      await page.getByLabel('Person 3 belongs to the journey').check();
      await page.getByLabel('Person 5 belongs to the journey').check();
      await page.getByRole('radio', { name: 'Journey' }).check({ force: true });
      await page.waitForTimeout(1500);
    },
  ],
  ['watch-lists', '/watch-lists', 'default', (page) => page.waitForTimeout(900)],
  [
    'watch-list-dialog',
    '/watch-lists',
    'default',
    (page) => page.getByRole('button', { name: 'New watch list' }).click(),
  ],
  ['statistics', '/statistics', 'default', (page) => page.waitForTimeout(2000)],
  ['schedules', '/schedules/night', 'default', (page) => page.waitForTimeout(900)],
  [
    'schedule-overlap',
    '/schedules/office',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Add a part' }).click();
      await page.waitForTimeout(600);
    },
  ],
  ['software', '/software', 'default', (page) => page.waitForTimeout(900)],
  [
    'software-publisher',
    '/software',
    'default',
    (page) => page.getByRole('button', { name: 'Accept a publisher' }).click(),
  ],
  ['software-schedule', '/software/schedule', 'default', (page) => page.waitForTimeout(900)],
  ['software-log', '/software/log', 'default'],
  [
    'alarms',
    '/alarms',
    'default',
    async (page) => void (await fetch(`${BASE}/mock/alarm`), await page.waitForTimeout(900)),
  ],
  ['alarm', newestAlarm(), 'default', (page) => page.waitForTimeout(600)],
  ['alarms-empty', '/alarms', 'empty'],
  ['settings', '/settings', 'default', (page) => page.getByText('Install a model').click()],
  ['changes', '/settings/changes', 'default'],
  [
    'webhooks',
    '/settings/webhooks',
    'default',
    (page) => page.getByRole('button', { name: 'Send a test' }).nth(1).click(),
  ],
  [
    'webhook-dialog',
    '/settings/webhooks',
    'default',
    (page) => page.getByRole('button', { name: 'Change' }).first().click(),
  ],
  ['mail', '/settings/mail', 'default', (page) => page.getByText('night-shift').waitFor()],
  [
    'mail-dialog',
    '/settings/mail',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Change' }).first().click();
      await page.getByRole('button', { name: 'Test' }).click();
      await page.getByText('Succeeded').waitFor();
    },
  ],
  ['integrations', '/integrations', 'default', (page) => page.waitForTimeout(800)],
  ['integrations-empty', '/integrations', 'empty', (page) => page.waitForTimeout(800)],
  [
    'camera-found',
    '/cameras/new',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Find cameras' }).click();
      await page.getByRole('button', { name: 'Choose Loading dock' }).click();
      await page.getByLabel('ONVIF user name').fill('root');
      await page.getByRole('button', { name: 'Ask for its pictures' }).click();
      await page.getByRole('list', { name: 'Profiles of the camera' }).waitFor();
    },
  ],
  [
    'brokers',
    '/settings/mqtt',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Test' }).nth(1).click();
      await page.getByTestId('broker-test').waitFor();
    },
  ],
  ['brokers-empty', '/settings/mqtt', 'empty'],
  [
    'broker-dialog',
    '/settings/mqtt',
    'default',
    async (page) => {
      await page.getByRole('button', { name: 'Change' }).first().click();
      await page.getByText('Topics, certificates').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Test' }).click();
      await page.getByTestId('broker-test').waitFor();
    },
  ],
];

const LOOKS = [
  ['light', { width: 1280, height: 800, colorScheme: 'light' }],
  ['dark', { width: 1280, height: 800, colorScheme: 'dark' }],
  ['phone', { width: 390, height: 844, colorScheme: 'light', hasTouch: true, isMobile: true }],
];

let bad = 0;
for (const [look, options] of LOOKS) {
  if (onlyLook !== undefined && look !== onlyLook) continue;
  const browser = await openBrowser(options);
  const problems = watchProblems(browser.page);
  for (const [name, path, play, steps] of SHOTS) {
    if (only !== undefined && !name.startsWith(only)) continue;
    await scenario(play);
    await browser.page.goto(BASE + path);
    await browser.page.waitForTimeout(500);
    try {
      await steps?.(browser.page);
    } catch (error) {
      problems.push(String(error).split('\n')[0]);
    }
    await browser.page.waitForTimeout(500);
    if (await overflowsSideways(browser.page)) problems.push('is wider than the window');
    await browser.page.screenshot({
      path: `${folder}/${name}-${look}.png`,
      fullPage: !name.startsWith('alarm'),
    });
    for (const problem of problems.splice(0)) {
      bad += 1;
      console.log(`${name} ${look}: ${problem}`);
    }
  }
  await browser.close();
}
console.log(bad === 0 ? 'no problems' : `${bad} problems`);
process.exitCode = bad === 0 ? 0 : 1;
