// The processes that the benchmarks ask, line by line: for the most two of each implementation, a server and a client.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const interop = fileURLToPath(new URL('../test/interop/', import.meta.url));
const js = `${interop}js/`;
const goPeer = `${interop}go/bin/bench`;

/** Installs js-libp2p where it is not there yet. */
function installJs() {
  if (existsSync(`${js}node_modules/libp2p`)) return;
  console.error('installing js-libp2p …');
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: js, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('js-libp2p cannot be installed');
}

/** Whether there is a go-libp2p peer to ask. */
function buildGo() {
  if (spawnSync('go', ['version']).status !== 0) {
    console.error('there is no Go here: without go-libp2p');
    return false;
  }
  const built = spawnSync('go', ['build', '-o', 'bin/bench', './bench'], {
    cwd: `${interop}go`,
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) console.error('the go-libp2p peer cannot be built: without it');
  return built.status === 0;
}

/** Those of these implementations that are there, installed and built. */
export function available(names) {
  if (names.includes('js')) installJs();
  const hasGo = names.includes('go') && buildGo();
  return names.filter((name) => name !== 'go' || hasGo);
}

/** `--prof <dir>` writes processor profiles of ours. */
const profiling = () => {
  const at = process.argv.indexOf('--prof');
  return at < 0 ? [] : ['--cpu-prof', '--cpu-prof-dir', process.argv[at + 1]];
};

/** What a process in JavaScript needs to run a script of ours, or one that imports js-libp2p. */
export const nodeFlags = {
  ours: ['--expose-gc'],
  js: ['--expose-gc', '--require', `${js}polyfill.cjs`],
};
const commands = {
  ours: (args) => [process.execPath, [...profiling(), ...nodeFlags.ours, `${here}peer-ours.mjs`, ...args]],
  js: (args) => [process.execPath, [...nodeFlags.js, `${js}bench-peer.mjs`, ...args]],
  go: (args) => [goPeer, args],
  limit: () => [process.execPath, [`${here}limits.mjs`]],
};

/** What has not answered by then is not waited for. */
const MAX_ANSWER_MS = 60_000;

/** A process that answers every line with a line. */
export class Peer {
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async next() {
    const { value } = await this.answers.next();
    return JSON.parse(value ?? '{"error":"the process has ended"}');
  }

  /** A process that is late is of no use any more. */
  async ask(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
    const late = { error: `no answer within ${String(MAX_ANSWER_MS / 1000)} s`, late: true };
    let timer;
    const wait = new Promise((resolve) => {
      timer = setTimeout(resolve, MAX_ANSWER_MS, late);
    });
    const answer = await Promise.race([this.next(), wait]);
    clearTimeout(timer);
    if (answer === late) this.child.kill('SIGKILL');
    return answer;
  }

  stop() {
    this.child.stdin.end();
  }
}

/** What a process has had of the processor, in and out of the kernel: what others do at the same time does not change it. Linux alone tells. */
function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}

/** A side of the benchmark, and where it listens. */
export async function startPeer(kind, args = []) {
  const peer = new Peer(...commands[kind](args));
  const { addr } = await peer.next();
  return { peer, addr };
}

/** A server and a client that is asked for `scenario`; when that is late, both are started anew for what comes next. */
export async function startPair(kind, args) {
  const start = () => Promise.all([startPeer(kind, args), startPeer(kind, args)]);
  let [server, client] = await start();
  return {
    kind,
    get addr() {
      return server.addr;
    },
    async ask(scenario, options, through = server.addr) {
      const answer = await client.peer.ask({ scenario, addr: through, options });
      if (!answer.late) return answer;
      server.peer.stop();
      [server, client] = await start();
      return answer;
    },
    cpuMs: () => cpuMs(server.peer.child.pid) + cpuMs(client.peer.child.pid),
    stop() {
      for (const { peer } of [server, client]) peer.stop();
    },
  };
}
