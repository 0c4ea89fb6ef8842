// Models that describe looks, and the limits behind the sensitivity, by clicks.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPage, openTab } from './browser.mjs';
import { lookModel } from './program.mjs';
import { openCamera, openSite } from './site.mjs';

describe('what counts, and what is told of it', () => {
  let site, page;

  before(async () => {
    site = await openSite('real');
    page = site.page;
  });
  after(() => site?.close());
  const rules = () => page.getByRole('region', { name: 'Rules' });
  const apply = async () => {
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied. It works from now on.').waitFor();
  };

  it('a model for looks is installed on the page, and what it tells is switched on per camera', async (t) => {
    const model = lookModel();
    if (site.isReal && model === null) return t.skip('no shared test data');
    await openPage(page, 'Settings');
    const looks = page.getByRole('region', { name: 'Models for looks' });
    await looks.getByText('Install a model').click();
    const files = site.isReal ? model : { manifest: import.meta.filename, network: import.meta.filename };
    await looks.getByLabel('Manifest').setInputFiles(files.manifest);
    await looks.getByLabel('Network').setInputFiles(files.network);
    await looks.getByRole('button', { name: 'Install' }).click();
    await looks.getByText(/ is installed\. Switch it on here\./).waitFor({ timeout: 30_000 });
    if (site.isReal) await looks.getByLabel('Use person-attributes-0230').check();
    if (site.isReal) await looks.getByText('person-attributes-0230 is used from now on.').waitFor();
    await openCamera(site, 'Programs');
    const people = page.getByRole('region', { name: 'AI People Detection' });
    await people.getByText('personal: the law may ask for a reason').first().waitFor();
    await people.getByLabel(/^Bag/).check();
    await apply();
    await page.reload();
    assert.equal(await people.getByLabel(/^Bag/).isChecked(), true);
    assert.equal(await people.getByLabel(/^Gender/).isChecked(), false);
    return undefined;
  });

  it('limits behind the sensitivity are typed, and speeds wait for a calibrated ground', async () => {
    await openTab(page, 'Zones and rules');
    await rules()
      .getByRole('radio', { name: /^All \(/ })
      .check();
    await rules()
      .getByRole('button', { name: /^Open rule/ })
      .first()
      .click();
    await rules().getByText('Advanced').click();
    assert.equal(await rules().getByLabel('Speed, km/h: At least').isDisabled(), true);
    await rules().getByLabel('Score, percent: Holds down to').fill('90');
    await rules().getByLabel('Score, percent: Holds down to').press('Tab');
    await page.getByText(/the score to hold must not be above/).waitFor();
    await rules().getByLabel('Score, percent: Holds down to').fill('20');
    await rules().getByLabel('Shape, width over height: At most').fill('0.9');
    await rules().getByLabel('Shape, width over height: At most').press('Tab');
    await apply();
    await page.reload();
    await rules()
      .getByRole('radio', { name: /^All \(/ })
      .check();
    await rules()
      .getByRole('button', { name: /^Open rule/ })
      .first()
      .click();
    await rules().getByText('Advanced').click();
    assert.equal(await rules().getByLabel('Shape, width over height: At most').inputValue(), '0.9');
  });

  it('no page ran into an error or a broken security rule', () => assert.deepEqual(site.problems, []));
});
