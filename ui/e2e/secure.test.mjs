// What is trusted and told by clicks: a camera's own certificate, a webhook, the detector, who changed what.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import * as browserHelp from './browser.mjs';
import { SLOW_MS } from './browser.mjs';
import { freePort, removeFolder, startCamera, startProgram, tempFolder } from './program.mjs';

/** A receiver of webhooks that keeps what it is sent. */
async function startReceiver() {
  const requests = [];
  const server = createServer((request, reply) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text) => (body += text));
    request.on('end', () => {
      requests.push({ headers: request.headers, document: body.startsWith('{') ? JSON.parse(body) : body });
      reply.writeHead(204).end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    requests,
    url: `http://127.0.0.1:${server.address().port}/alarms`,
    stop: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

describe('trust and telling', () => {
  const folder = tempFolder();
  let program, camera, receiver, browser, page, problems;

  before(async () => {
    [program, camera, receiver] = await Promise.all([
      freePort().then((port) => startProgram({ port, dataDir: `${folder}/data`, demo: false })),
      startCamera({ password: 'right one', tls: true }),
      startReceiver(),
    ]);
    browser = await browserHelp.openBrowser();
    page = browser.page;
    page.setDefaultTimeout(20_000);
    problems = browserHelp.watchProblems(page);
    await browserHelp.firstStart(page, program.setupUrl);
  });

  after(async () => {
    await browser?.close();
    await Promise.all([program?.stop(), camera?.stop(), receiver?.stop()]);
    removeFolder(folder);
  });

  it('the own certificate of a camera is shown, compared and trusted', async () => {
    const result = page.getByTestId('result');
    await page.getByRole('link', { name: 'Add your first camera' }).click();
    await page.getByLabel('HTTPS', { exact: true }).check();
    await browserHelp.fillCamera(page, { ...camera, name: 'Roof' });
    await page.getByRole('button', { name: 'Test' }).click();
    const shown = result.getByTestId('fingerprint');
    await shown.waitFor({ timeout: SLOW_MS });
    assert.match((await shown.textContent()) ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    await result.getByRole('button', { name: 'Trust this certificate' }).click();
    await result.getByRole('img', { name: 'Received by the test' }).waitFor({ timeout: SLOW_MS });
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await result.getByText('Receiving').waitFor({ timeout: SLOW_MS });
    await page.getByText('Trusted certificate').waitFor();
  });

  it('a webhook with a header of its own is added, tested and told', async () => {
    await browserHelp.openPage(page, 'Settings');
    await page.getByRole('link', { name: 'Webhooks' }).click();
    await page.getByRole('button', { name: 'Add webhook' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Control room');
    await dialog.getByLabel('Address').fill(receiver.url);
    await dialog.getByLabel('Shared secret').fill('between us');
    await dialog.getByText('Headers, certificate, time limit').click();
    await dialog.getByRole('button', { name: 'Add header' }).click();
    await dialog.getByLabel('Name of header 1').fill('X-Api-Key');
    await dialog.getByLabel('Value of header 1').fill('k-123');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const card = page.getByRole('region', { name: 'Control room' });
    await card.getByText('X-Api-Key').waitFor();
    await card.getByRole('button', { name: 'Send a test' }).click();
    await card.getByText('the receiver took the test event').waitFor();
    const [{ headers, document }] = receiver.requests;
    assert.equal(headers['x-api-key'], 'k-123');
    assert.match(headers['x-airelay-signature'], /^t=\d+,v1=[0-9a-f]{64}$/);
    assert.equal(document.is_test, true);
    assert.doesNotMatch((await page.textContent('body')) ?? '', /k-123|between us/);
  });

  it('a webhook takes the form that its receiver wants, and a place that does not exist is named', async () => {
    const card = page.getByRole('region', { name: 'Control room' });
    await card.getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('A form of my own').check();
    await dialog.getByLabel('Content type').fill('text/plain');
    await dialog.getByLabel('Content type').blur();
    assert.equal(await dialog.getByLabel('Body').inputValue(), '{text}');
    await dialog.getByLabel('Body').fill('{camara}: {text}');
    await dialog.getByText('Places that can be used').click();
    await dialog.getByText('the camera’s name').or(dialog.getByText("the camera's name")).waitFor();
    await dialog.getByText('User and password', { exact: true }).click();
    await dialog.getByLabel('User', { exact: true }).fill('panel');
    await dialog.getByLabel('Password').fill('between them');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('there is no {camara}').first().waitFor();
    await dialog.getByLabel('Body').fill('{camera}: {text}');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await card.getByText('POST, text/plain').waitFor();
    await card.getByRole('button', { name: 'Send a test' }).click();
    await card.getByText('the receiver took the test event').waitFor();
    const { headers, document } = receiver.requests.at(-1);
    assert.equal(headers.authorization, `Basic ${btoa('panel:between them')}`);
    assert.equal(headers['x-api-key'], 'k-123');
    assert.match(document, /^Test: TEST, nothing happened: Intruder/);
    assert.doesNotMatch((await page.textContent('body')) ?? '', /between them/);
  });

  it('a broker that is not there is named by the step that fails, and saved all the same', async () => {
    await page.getByRole('link', { name: 'MQTT' }).click();
    await page.getByText('No broker yet').waitFor();
    await page.getByRole('button', { name: 'Add broker' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Plant');
    await dialog.getByLabel('Address').fill('broker:1883');
    await dialog.getByRole('button', { name: 'Test' }).click();
    await dialog.getByText('Type a whole address').waitFor();
    // The receiver of webhooks is there, and is no broker.
    await dialog.getByLabel('Address').fill(receiver.url.replace(/^http:\/\/([^/]+).*/, 'mqtt://$1'));
    await dialog.getByLabel('User name').fill('anna');
    await dialog.getByLabel('Password').fill('between us');
    await dialog.getByText('travels in the clear').waitFor();
    await dialog.getByRole('button', { name: 'Test' }).click();
    const steps = dialog.getByTestId('broker-test');
    await steps.getByText('The broker cannot be used yet.').waitFor({ timeout: SLOW_MS });
    await steps.getByText('Check that an MQTT broker listens on this port.').waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const card = page.getByRole('region', { name: 'Plant' });
    await card.getByText('Not connected').waitFor({ timeout: SLOW_MS });
    assert.doesNotMatch((await page.textContent('body')) ?? '', /between us/);
    await card.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete broker' }).click();
    await page.getByText('No broker yet').waitFor({ timeout: SLOW_MS });
  });

  it('another detector is chosen and works at once', async () => {
    await page.getByRole('link', { name: 'System' }).click();
    const choice = page.getByLabel('Use');
    await choice.selectOption('none');
    await page.getByText('Motion only').first().waitFor();
    await page.getByText(/No detector is chosen/).waitFor();
    await choice.selectOption('built-in');
    await page.getByText(/No detector is chosen/).waitFor({ state: 'hidden' });
  });

  it('who changed what stands in the list, without secrets', async () => {
    await page.getByRole('link', { name: 'Changes' }).click();
    const rows = page.getByRole('list', { name: 'Changes, newest first' }).getByRole('listitem');
    await rows.filter({ hasText: 'anna chose the detector' }).first().waitFor();
    await rows.filter({ hasText: 'anna added webhook 1' }).waitFor();
    const added = rows.filter({ hasText: 'anna added camera roof' });
    await added.getByText('Details').click();
    const text = (await added.textContent()) ?? '';
    assert.match(text, /"password":\s*"\(hidden\)"/);
    assert.doesNotMatch(text, /right one/);
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(problems, []));
});
