// Other systems by clicks: addresses to copy, who watches and who is told of events, a real MQTT broker.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { shootInAllLooks } from './pictures.mjs';
import { findModel, freePort, removeFolder, startProgram, tempFolder } from './program.mjs';

const ACCOUNT = { name: 'recorder', password: 'a recorder’s own' };
const isInstalled = (name) => spawnSync('which', [name]).status === 0;
const hasBroker = isInstalled('mosquitto');

/** A SOAP request with the account's token, as a client of events sends it. */
function soap(address, operation) {
  const [nonce, created] = [randomBytes(16), new Date().toISOString()];
  const digest = createHash('sha1').update(nonce).update(created).update(ACCOUNT.password).digest('base64');
  const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
  const body =
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ' +
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl"><s:Header>' +
    `<w:Security xmlns:w="${wsse}wssecurity-secext-1.0.xsd"><w:UsernameToken>` +
    `<w:Username>${ACCOUNT.name}</w:Username>` +
    `<w:Password Type="${wsse}username-token-profile-1.0#PasswordDigest">${digest}</w:Password>` +
    `<w:Nonce>${nonce.toString('base64')}</w:Nonce>` +
    `<u:Created xmlns:u="${wsse}wssecurity-utility-1.0.xsd">${created}</u:Created>` +
    `</w:UsernameToken></w:Security></s:Header><s:Body>${operation}</s:Body></s:Envelope>`;
  const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  return fetch(address, { method: 'POST', headers, body });
}

/** A child that is ended by its own handle. */
function start(command, args) {
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('close', done));
  return {
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('integrations', () => {
  const folder = tempFolder();
  const pictures = process.env.AIRELAY_E2E_PICTURES;
  let program, browser, page, problems, viewer, broker, origin, rtspPort;

  before(async () => {
    const [port, ownRtspPort] = [await freePort(), await freePort()];
    rtspPort = ownRtspPort;
    origin = `http://127.0.0.1:${port}`;
    const config = join(folder, 'airelay.toml');
    writeFileSync(config, `[rtsp]\nlisten = "127.0.0.1:${rtspPort}"\n`);
    const model = findModel(folder);
    program = await startProgram({ port, dataDir: `${folder}/data`, model, config });
    browser = await browserHelp.openBrowser();
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
    await browserHelp.firstStart(page, program.setupUrl);
    if (pictures) mkdirSync(pictures, { recursive: true });
  });

  after(async () => {
    await browser?.close();
    await Promise.all([viewer?.stop(), broker?.stop(), program?.stop()]);
    removeFolder(folder);
  });

  const shoot = (name) => (pictures ? shootInAllLooks(page, pictures, name) : undefined);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const list = (name) => page.getByRole('list', { name }).getByRole('listitem');

  it('the way to a first account is shown where the addresses stand', async () => {
    await browserHelp.openPage(page, 'Integrations');
    await page.getByText('These addresses work on this machine only').waitFor();
    await page.getByText('No device account yet').waitFor();
    await shoot('integrations-start');
    await page.getByRole('link', { name: 'Make a device account' }).click();
    await page.getByRole('button', { name: 'Add account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('User name').fill(ACCOUNT.name);
    await dialog.getByLabel('Password').fill(ACCOUNT.password);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await list('Device accounts').filter({ hasText: ACCOUNT.name }).waitFor();
    await shoot('device-accounts');
    await page.locator('main').getByRole('link', { name: 'Integrations' }).click();
    await page.getByText('there is one').waitFor();
  });

  it('each address is copied as it is to be typed, and all of them at once', async () => {
    await page.getByRole('button', { name: 'Copy ONVIF device' }).click();
    await page.getByText('Copied').waitFor();
    assert.equal(await clipboard(), `${origin}/onvif/device_service`);
    await page.getByRole('button', { name: /^Copy RTSP, JPEG of/ }).click();
    assert.equal(await clipboard(), `rtsp://127.0.0.1:${rtspPort}/cameras/demo-street/jpeg`);
    await page.getByRole('button', { name: 'Copy all' }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('MJPEG'));
    assert.match(await clipboard(), /^ONVIF device: http.*\n\nDemo street/);
    assert.doesNotMatch(await clipboard(), new RegExp(ACCOUNT.password));
  });

  it('the addresses lead to the camera’s pictures', async () => {
    for (const what of ['One picture', 'MJPEG over HTTP']) {
      await page.getByRole('button', { name: new RegExp(`^Copy ${what} of`) }).click();
      const login = `${ACCOUNT.name}:${ACCOUNT.password}`;
      const args = ['-s', '--digest', '-u', login, '--max-time', '5', '-o', join(folder, 'got'), '-w'];
      const got = spawnSync('curl', [...args, '%{http_code} %{content_type}', await clipboard()]);
      assert.match(got.stdout.toString(), /^200 (image\/jpeg|multipart)/, what);
    }
  });

  it('who watches is shown while it does', async () => {
    await page.getByText('Nobody at present. Recorders and players').waitFor();
    const login = `${ACCOUNT.name}:${encodeURIComponent(ACCOUNT.password)}`;
    const address = `rtsp://${login}@127.0.0.1:${rtspPort}/cameras/demo-street/jpeg`;
    viewer = start('ffmpeg', ['-rtsp_transport', 'tcp', '-i', address, '-f', 'null', '-']);
    const row = list('Viewers').filter({ hasText: ACCOUNT.name });
    await row.getByText('JPEG by TCP').waitFor({ timeout: SLOW_MS });
    await row.getByText('Lavf').waitFor();
    await row.getByText(/^[1-9]\d* pictures/).waitFor({ timeout: SLOW_MS });
  });

  it('who is told of events is shown, and can be let go', async () => {
    await page.getByText('Nobody at present. A client that shows events').waitFor();
    const created = await soap(`${origin}/onvif/event_service`, '<tev:CreatePullPointSubscription/>');
    const address = /<wsa:Address>([^<]+)/.exec(await created.text())?.[1] ?? '';
    const pull =
      '<tev:PullMessages><tev:Timeout>PT1S</tev:Timeout><tev:MessageLimit>10</tev:MessageLimit></tev:PullMessages>';
    assert.equal((await soap(address, pull)).status, 200);
    const row = list('Subscriptions').filter({ hasText: ACCOUNT.name });
    await row.getByText('asks for events').waitFor();
    await row.getByText(/[1-9]\d* told/).waitFor();
    await shoot('integrations');
    await row.getByRole('button', { name: 'End' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End subscription' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal((await soap(address, pull)).status, 400);
    await viewer.stop();
    await page.getByText('Nobody at present. Recorders and players').waitFor({ timeout: SLOW_MS });
  });

  it('the switch lets nobody in, and the address is not offered', async () => {
    await page.getByLabel('Answer ONVIF clients').uncheck();
    await page.getByRole('button', { name: 'Copy ONVIF device' }).waitFor({ state: 'detached' });
    const refused = await soap(`${origin}/onvif/event_service`, '<tev:CreatePullPointSubscription/>');
    assert.equal(refused.status, 404);
    await page.getByLabel('Answer ONVIF clients').check();
    await page.getByRole('button', { name: 'Copy ONVIF device' }).waitFor();
  });

  it('a found camera is asked for its pictures, which fill the form', async () => {
    // Who answers a search is not ours to say; what is asked then is real: airelay's own device.
    const device = { endpoint: 'urn:uuid:1', name: 'Other relay', hardware: null, host: '127.0.0.1' };
    const devices = [{ ...device, addresses: [`${origin}/onvif/device_service`] }];
    await page.route('**/api/v1/discover', (route) => route.fulfill({ json: { devices } }));
    await browserHelp.openPage(page, 'Cameras');
    await page.getByRole('link', { name: 'Add camera' }).click();
    await page.getByRole('button', { name: 'Find cameras in the network' }).click();
    await page.getByRole('button', { name: 'Choose Other relay' }).click();
    const found = page.getByRole('list', { name: 'Found cameras' });
    await found.getByRole('button', { name: 'Ask for its pictures' }).click();
    await found.getByText('it wants a user name and password').waitFor();
    await found.getByLabel('ONVIF user name').fill(ACCOUNT.name);
    await found.getByLabel('ONVIF password').fill(ACCOUNT.password);
    await found.getByRole('button', { name: 'Ask for its pictures' }).click();
    await found.getByText('In the form').waitFor({ timeout: SLOW_MS });
    await shoot('camera-found');
    assert.equal(await page.getByTestId('full-url').textContent(), `${origin}/onvif/snapshot/demo-street`);
    await page.getByRole('button', { name: 'Test' }).click();
    const result = page.getByTestId('result');
    await result.getByRole('img', { name: 'Received by the test' }).waitFor({ timeout: SLOW_MS });
    await page.unroute('**/api/v1/discover');
    await browserHelp.openPage(page, 'Integrations');
  });

  it(
    'a broker is added, tested, told, and its loss is seen',
    { skip: !hasBroker && 'no mosquitto' },
    async () => {
      const port = await freePort();
      broker = start('mosquitto', ['-p', String(port)]);
      await page.getByRole('link', { name: 'MQTT brokers' }).click();
      await page.getByRole('button', { name: 'Add broker' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name', { exact: true }).fill('Plant');
      await dialog.getByLabel('Address').fill(`mqtt://127.0.0.1:${port}`);
      await dialog.getByRole('button', { name: 'Test' }).click();
      await dialog.getByText('The broker can be used.').waitFor({ timeout: SLOW_MS });
      await dialog.getByText('Read it back').waitFor();
      await shoot('broker-dialog');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'hidden' });
      const card = page.getByRole('region', { name: 'Plant' });
      await card.getByText('Connected', { exact: true }).first().waitFor({ timeout: SLOW_MS });
      await shoot('brokers');
      await broker.stop();
      await card.getByText('Not connected').waitFor({ timeout: SLOW_MS });
      await shoot('brokers-lost');
      await browserHelp.openPage(page, 'Integrations');
      await list('Brokers').filter({ hasText: 'Plant' }).getByText('Not connected').waitFor();
    },
  );

  it('a phone shows all of it without scrolling sideways', async () => {
    await browserHelp.openPage(page, 'Integrations');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await page.getByRole('button', { name: 'Copy ONVIF device' }).waitFor();
    assert.equal(await browserHelp.overflowsSideways(page), false);
    const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Integrations' });
    const box = await link.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 391, 'the page’s own link is in view');
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));
});
