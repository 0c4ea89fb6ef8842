// The real program, its simulated cameras and its detector, for browser tests.
//
// In: AIRELAY_BIN (the program; default ../target/debug/airelay), AIRELAY_E2E_MODEL (a detector's
// manifest) or the shared test data (AIRELAY_TESTDATA, else ../shared beside the checkout).
// Out: processes on free loopback ports with data folders of their own, removed again by `stop()`.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** A debug build on a busy machine loads its detector in several seconds. */
const START_MS = 60_000;
const STOP_MS = 10_000;
/** Newest output kept for the message of a failure. */
const MAX_OUTPUT_CHARS = 8_000;

function programPath() {
  const targets = [process.env.CARGO_TARGET_DIR, join(CHECKOUT, 'target')].filter(Boolean);
  const builds = targets.flatMap((target) =>
    ['debug', 'release'].map((kind) => join(target, kind, 'airelay')),
  );
  const path = process.env.AIRELAY_BIN ?? builds.find(existsSync);
  if (path === undefined || !existsSync(path)) {
    throw new Error(`no program at ${path ?? builds.join(' or ')}: build it, or name it in AIRELAY_BIN`);
  }
  return path;
}

/** A detector's manifest beside its file; null when there is none and nobody insists. */
export function findModel(folder) {
  if (process.env.AIRELAY_E2E_MODEL) return process.env.AIRELAY_E2E_MODEL;
  const shared = process.env.AIRELAY_TESTDATA ?? join(CHECKOUT, '../shared');
  const file = join(shared, 'models/yolox_nano_dyn.onnx');
  const manifest = join(CHECKOUT, 'crates/vision/testdata/manifests/yolox-nano.toml');
  if (!existsSync(file) || !existsSync(manifest)) {
    const missing = `browser tests need a detector: ${file} with ${manifest}, or AIRELAY_E2E_MODEL`;
    if (process.env.CI) throw new Error(missing);
    return null;
  }
  copyFileSync(file, join(folder, 'yolox_nano_dyn.onnx'));
  const copy = join(folder, 'manifest.toml');
  copyFileSync(manifest, copy);
  return copy;
}

/** A model that tells attributes of people: its two files; null without the shared test data. */
export function lookModel() {
  const shared = process.env.AIRELAY_TESTDATA ?? join(CHECKOUT, '../shared');
  const network = join(shared, 'models/person_attributes_0230.onnx');
  const manifest = join(CHECKOUT, 'crates/vision/testdata/appearance/person-attributes-0230.toml');
  return existsSync(network) ? { manifest, network } : null;
}

export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export const tempFolder = () => mkdtempSync(join(tmpdir(), 'airelay-e2e-'));
export const removeFolder = (folder) => rmSync(folder, { recursive: true, force: true });

/** Starts the program and waits until its output has `ready`; gives the match. */
async function start(args, ready, env = {}) {
  const child = spawn(programPath(), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let onOutput = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output = (output + text).slice(-MAX_OUTPUT_CHARS);
      onOutput();
    });
  }
  const ended = new Promise((done) => child.once('close', done));
  async function stop(signal = 'SIGTERM') {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
  const match = await new Promise((done, fail) => {
    const say = (what) => fail(new Error(`airelay ${args.join(' ')}: ${what}\n${output}`));
    const timer = setTimeout(() => say(`not ready within ${START_MS / 1000} s`), START_MS);
    onOutput = () => {
      const found = ready.exec(output);
      if (found === null) return;
      clearTimeout(timer);
      onOutput = () => undefined;
      done(found);
    };
    child.once('error', (error) => say(error.message));
    void ended.then((code) => say(`ended with ${code}`));
  }).catch(async (error) => {
    await stop('SIGKILL');
    throw error;
  });
  return { match, stop, output: () => output };
}

/** `airelay serve`, with a settings file if `config` names one; `setupUrl` is the link it prints at its first start. */
export async function startProgram({ port, dataDir, model = null, config, demo = true, isFirst = true }) {
  const args = ['serve', '--listen', String(port), '--data-dir', dataDir];
  if (model !== null) args.push('--model', model);
  if (config !== undefined) args.push('--config', config);
  if (!demo) args.push('--no-demo');
  const ready = isFirst ? /make your account at (\S+)\s/ : /airelay runs on (\S+)\s/;
  const { match, ...program } = await start(args, ready, { NO_COLOR: '1' });
  return { ...program, setupUrl: isFirst ? match[1] : null };
}

/** `airelay sim`: a drawn street that asks for a Digest sign-in. */
export async function startCamera({ user = 'camera', password, tls = false }) {
  const port = await freePort();
  const args = ['sim', '--port', String(port), '--size', '1280x720', '--fps', '5', '--people', '12'];
  args.push('--auth', 'digest', '--user', user);
  if (tls) args.push('--tls');
  const camera = await start(args, /https?:\/\/127\.0\.0\.1:\d+\/(\S*)/, { AIRELAY_SIM_PASSWORD: password });
  return { ...camera, host: '127.0.0.1', port: String(port), path: camera.match[1], user, password };
}
