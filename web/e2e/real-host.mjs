// A real server with a small fleet of simulated meters, in a temporary folder: started here, ended here.
// UZEL_BIN, METER_SIM_BIN and UZEL_DRIVERS_DIR name the programs and the drivers, all by absolute paths.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Meters compute their archives, and the host compiles its drivers, before they are there. */
const START_MS = 180_000;
/** First sessions read whole archives, on a machine that may be busy. */
const READ_MS = 300_000;
const END_MS = 10_000;
const ASK_MS = 500;
/** Of what a program said, when it fails. */
const LOG_CHARS = 2_000;

/** Whether the variables name a real server; throws when they name it by half. */
export function hasRealHost(env = process.env) {
  const names = ['UZEL_BIN', 'METER_SIM_BIN', 'UZEL_DRIVERS_DIR'];
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0 && (env.UZEL_BIN || env.METER_SIM_BIN)) throw new Error(`${missing.join(', ')} must be set too`);
  return missing.length === 0;
}

/** A program that runs until it is ended. */
class Program {
  constructor(name, file, args) {
    this.name = name;
    this.said = '';
    this.ended = false;
    this.watchers = new Set();
    this.child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (chunk) => {
      this.said += chunk;
      for (const watcher of this.watchers) watcher();
    };
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', hear);
    this.end = new Promise((resolve) => {
      const over = () => {
        this.ended = true;
        hear('');
        resolve();
      };
      this.child.on('exit', over).on('error', (error) => {
        this.said += error;
        over();
      });
    });
  }

  /** Resolves to what `find` makes of the words so far, once it makes something. */
  until(find) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        this.watchers.delete(look);
        clearTimeout(timer);
        settle(value);
      };
      const fail = (why) => done(reject, new Error(`${this.name} ${why}:\n${this.said.slice(-LOG_CHARS)}`));
      const look = () => {
        const found = find(this.said);
        if (found) done(resolve, found);
        else if (this.ended) fail('has ended');
      };
      const timer = setTimeout(() => fail('did not come up'), START_MS);
      this.watchers.add(look);
      look();
    });
  }

  async stop() {
    if (this.ended) return;
    this.child.kill('SIGTERM');
    await Promise.race([this.end, pause(END_MS, undefined, { ref: false })]);
    if (this.ended) return;
    this.child.kill('SIGKILL');
    await this.end;
    throw new Error(`${this.name} did not end when it was asked to`);
  }
}

/** Runs a program to its end; resolves to what it said. */
export async function runProgram(program, args, timeoutMs) {
  try {
    return (await promisify(execFile)(program, args, { timeout: timeoutMs })).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.message}${error.stderr ?? ''}${error.stdout ?? ''}`);
  }
}

const own = (name) => new URL(`fleet/${name}`, import.meta.url);

/** Starts fleet and host and waits for the first sessions; resolves to the address and what ends all of it. `parts` names
 * the files in fleet/, and how many of its meters never answer; with `accounts` nobody waits, as nobody may ask, and `said`
 * is what the host has told of its first account; `config` is further text of the configuration; `lines` are the addresses of
 * the meters. */
export async function startRealHost(env = process.env, parts = { fleet: 'fleet.toml', devices: 'devices.csv', silent: 1 }) {
  const dir = mkdtempSync(join(tmpdir(), 'uzel-e2e-'));
  const programs = [];
  const kill = () => {
    for (const program of programs) program.child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  process.on('exit', kill);
  const stop = async () => {
    const ends = await Promise.allSettled(programs.map((program) => program.stop()));
    process.off('exit', kill);
    kill();
    const failed = ends.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  };
  try {
    const { url, lines } = await start(env, dir, programs, parts);
    if (!parts.accounts) await read(url, programs, parts.silent);
    return { url, dir, lines, stop, said: programs.at(-1).said };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(env, dir, programs, parts) {
  const fleet = new Program('the fleet', env.METER_SIM_BIN, ['fleet', own(parts.fleet).pathname]);
  programs.push(fleet);
  const told = await fleet.until((said) => /^ready$/m.test(said) && said);
  const lines = [...told.matchAll(/^tcp (\S+)/gm)].map((match) => match[1]);
  const [config, devices] = [join(dir, 'uzel.toml'), join(dir, 'devices.csv')];
  const folders = `[store]\npath = '${join(dir, 'uzel.sqlite')}'\n[drivers]\nfolder = '${env.UZEL_DRIVERS_DIR}'\ncache = '${join(dir, 'cache')}'\n`;
  // Modems may call, and one of ours is behind a port that nobody listens at.
  const ways = "[[listeners]]\nname = 'gprs'\nlisten = '127.0.0.1:0'\ngreeting = 'irz-atm'\n[[modems]]\npool = 'gsm'\nports = ['tcp:127.0.0.1:1']\ninit = ['ATZ', 'AT+CPIN=4321']\n";
  writeFileSync(config, `[http]\nlisten = '127.0.0.1:0'\n${folders}${parts.config ?? ''}${ways}`);
  writeFileSync(devices, readFileSync(own(parts.devices), 'utf8').replace(/\{(\d)\}/g, (_, place) => lines[place - 1]));
  await runProgram(env.UZEL_BIN, ['device', 'import', devices, '--config', config], START_MS);
  const host = new Program('the host', env.UZEL_BIN, ['serve', ...(parts.accounts ? [] : ['--without-accounts']), '--config', config]);
  programs.push(host);
  const url = await host.until((said) => /serving (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1]);
  return { url, lines };
}

/** Waits until each device was read once, and all but the silent ones wholly. */
async function read(url, programs, silent) {
  const until = Date.now() + READ_MS;
  for (;;) {
    const { items } = await (await fetch(`${url}/api/v1/devices`)).json();
    const waits = items.filter((device) => !device.last_session?.ended_at);
    if (waits.length === 0) {
      const failed = items.filter((device) => device.last_session.outcome !== 'complete');
      if (failed.length === silent && failed.every((one) => one.last_session.outcome === 'no-answer')) return;
      throw new Error(`not read: ${failed.map((one) => `${one.name}: ${one.last_session.outcome} ${one.last_session.detail}`).join('; ')}`);
    }
    const ended = programs.find((program) => program.ended);
    if (ended) throw new Error(`${ended.name} has ended:\n${ended.said.slice(-LOG_CHARS)}`);
    if (Date.now() > until) throw new Error(`not read in time: ${waits.map((one) => one.name).join(', ')}`);
    await pause(ASK_MS);
  }
}
