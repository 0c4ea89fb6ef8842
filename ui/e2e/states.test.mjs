// Learnt states by clicks: a region is drawn, two states are shown, the door stays open, the alarm comes.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openPage, openTab, overflowsSideways, SLOW_MS } from './browser.mjs';
import { openSite } from './site.mjs';

/** Where pictures of the pages are put for people to look at; nowhere when unset. */
const SHOTS = process.env.AIRELAY_E2E_SHOTS;
const LOOKS = [
  ['light', { width: 1280, height: 800 }, 'light'],
  ['dark', { width: 1280, height: 800 }, 'dark'],
  ['phone', { width: 390, height: 844 }, 'light'],
];

/** Two JPEGs drawn in the browser: a wall with a door, shut and open. */
const drawDoors = (page) =>
  page.evaluate(() =>
    [false, true].map((isOpen) => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [640, 360];
      const to = canvas.getContext('2d');
      for (let y = 0; y < 360; y += 12)
        for (let x = 0; x < 640; x += 24) {
          to.fillStyle = (x / 24 + y / 12) % 2 ? '#9a8c78' : '#8a7c68';
          to.fillRect(x, y, 24, 12);
        }
      to.fillStyle = '#6b6b70';
      to.fillRect(0, 300, 640, 60);
      to.fillStyle = isOpen ? '#1a1a1e' : '#8c6042';
      to.fillRect(270, 100, 90, 200);
      to.fillStyle = isOpen ? '#4a4640' : '#5c3c28';
      if (isOpen) to.fillRect(270, 100, 12, 200);
      else for (let y = 118; y < 290; y += 60) to.fillRect(284, y, 62, 6);
      return canvas.toDataURL('image/jpeg', 0.85).split(',')[1];
    }),
  );

describe('learnt states', () => {
  let site, page, server;
  let isOpen = false;

  before(async () => {
    site = await openSite('real');
    page = site.page;
    page.setDefaultTimeout(SLOW_MS);
    const doors = (await drawDoors(page)).map((text) => Buffer.from(text, 'base64'));
    server = createServer((_, answer) => {
      const jpeg = doors[isOpen ? 1 : 0];
      answer.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': jpeg.length });
      answer.end(jpeg);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    await page.evaluate(async (port) => {
      const { csrf_token } = await (await fetch('/api/v1/session')).json();
      const link = { host: '127.0.0.1', port, path: '/shot.jpg', mode: 'one_shot', one_shot_fps: 5 };
      const answer = await fetch('/api/v1/cameras', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': csrf_token },
        body: JSON.stringify({ name: 'Yard', link }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    }, port);
  });
  after(async () => {
    await site?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const region = (name) => page.getByRole('region', { name, exact: true });
  const apply = async () => {
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  };
  /** Opens or shuts the door and waits until that is what is looked at. */
  async function turn(toOpen) {
    isOpen = toOpen;
    const live = async () =>
      page.evaluate(
        () =>
          new Promise((done) => {
            const source = new EventSource('/api/v1/cameras/yard/programs/live');
            const seen = new Set();
            source.onmessage = ({ data }) => {
              seen.add(JSON.parse(data).captured_at);
              if (seen.size < 5) return;
              source.close();
              done();
            };
          }),
      );
    await live();
  }
  async function teach(name) {
    await region('Now')
      .getByRole('button', { name: new RegExp(`^This is “${name}”`) })
      .click();
    await page.getByText(`Kept as “${name}”.`).waitFor();
  }
  /** No look is wider than its window; pictures of all of them, if asked for. */
  async function look(name) {
    for (const [kind, size, colorScheme] of LOOKS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      assert.equal(await overflowsSideways(page), false, `${name} ${kind} is wider than its window`);
      if (SHOTS === undefined) continue;
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${kind}.png`), fullPage: true });
    }
    await page.setViewportSize(LOOKS[0][1]);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  it('a region is drawn with the mouse and has two states to begin with', async () => {
    await openPage(page, 'Cameras');
    await page.getByRole('link', { name: 'Yard', exact: true }).click();
    await openTab(page, 'States');
    await page.getByText('A door left open, a gate that should be closed').waitFor();
    await look('states-empty');
    await page.getByAltText('Latest of the camera').waitFor();
    await page.getByRole('button', { name: 'Draw region' }).click();
    const board = page.getByTestId('states-board');
    await board.scrollIntoViewIfNeeded();
    const box = await board.boundingBox();
    const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(0.4, 0.24));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.6), { steps: 3 });
    await page.mouse.move(...at(0.58, 0.86), { steps: 3 });
    await page.mouse.up();
    await page.getByLabel('Name of the region').fill('Back door');
    assert.equal(await page.getByLabel('Name of state 1').inputValue(), 'closed');
    assert.equal(await page.getByLabel('Name of state 2').inputValue(), 'open');
    await page.getByLabel('A new state counts after').fill('1');
    await region('Alarms of this region').getByRole('button', { name: 'Add alarm' }).click();
    await page.getByLabel('Name of the alarm').fill('Door left open');
    await page.getByLabel('For at least').fill('2');
    await page.getByLabel('For at least').blur();
    await page.getByText('Alarm while Back door is open for 2.0 s').waitFor();
    await apply();
  });

  it('both states are shown by pressing a button while the camera shows them', async () => {
    for (const [name, toOpen] of [
      ['closed', false],
      ['open', true],
      ['closed', false],
      ['open', true],
    ]) {
      await turn(toOpen);
      await teach(name);
    }
    const grid = region('Examples').getByRole('list', { name: 'Examples' });
    await grid.getByAltText('Example of open').nth(1).waitFor();
    assert.equal(await grid.getByRole('listitem').count(), 4);
    await page.getByTestId('advice').getByText('Show “closed” again').waitFor();
  });

  it('the state is told live, and the alarm comes once it has lasted', async () => {
    await page.getByTestId('state-now').getByText('open', { exact: true }).waitFor();
    await page.getByTestId('verdict').getByText('This picture is told as open').waitFor();
    await turn(false);
    await page.getByTestId('state-now').getByText('closed', { exact: true }).waitFor();
    await region('Last 24 hours')
      .getByRole('img', { name: /closed .* %/ })
      .waitFor();
    await look('states');
    await openPage(page, 'Alarms');
    await page.getByText('Back door open').first().waitFor();
  });

  it('a wrong label is marked, and going back to an older version mends it', async () => {
    await openPage(page, 'Cameras');
    await page.getByRole('link', { name: 'Yard', exact: true }).click();
    await openTab(page, 'States');
    const grid = region('Examples').getByRole('list', { name: 'Examples' });
    await grid.getByLabel('State of this example').first().selectOption({ label: 'closed' });
    await grid.getByText('looks like open').waitFor();
    await region('Examples').getByText('Versions (5)').click();
    await region('Examples').getByRole('button', { name: 'Go back to it' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
    await grid.getByText('looks like open').waitFor({ state: 'hidden' });
    await region('Examples').getByText('Versions (6)').waitFor();
  });

  it('the list of programs leads to the regions', async () => {
    await openTab(page, 'Programs');
    const program = region('AI State Detection');
    await program.getByText('1 region: Back door.').waitFor();
    await program.getByRole('link', { name: 'Regions, examples and alarms' }).click();
    await page.getByTestId('states-board').waitFor();
    assert.deepEqual(site.problems, []);
  });
});
