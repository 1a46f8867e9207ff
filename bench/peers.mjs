// The processes that the benchmark asks: two of each implementation, a server and a client.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const interop = fileURLToPath(new URL('../test/interop/', import.meta.url));
const js = `${interop}js/`;
const goPeer = `${interop}go/bin/bench`;

/** Installs js-libp2p where it is not there yet. */
export function installJs() {
  if (existsSync(`${js}node_modules/libp2p`)) return;
  console.error('installing js-libp2p …');
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: js, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('js-libp2p cannot be installed');
}

/** Whether there is a go-libp2p peer to ask. */
export function buildGo() {
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

/** `--prof <dir>` writes processor profiles of ours. */
const profiling = () => {
  const at = process.argv.indexOf('--prof');
  return at < 0 ? [] : ['--cpu-prof', '--cpu-prof-dir', process.argv[at + 1]];
};

const commands = {
  ours: (args) => [process.execPath, [...profiling(), '--expose-gc', `${here}peer-ours.mjs`, ...args]],
  js: (args) => [
    process.execPath,
    ['--expose-gc', '--require', `${js}polyfill.cjs`, `${js}bench-peer.mjs`, ...args],
  ],
  go: () => [goPeer, []],
  limit: () => [process.execPath, [`${here}limits.mjs`]],
};

class Peer {
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async next() {
    const { value } = await this.answers.next();
    return JSON.parse(value ?? '{"error":"the process has ended"}');
  }

  ask(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
    return this.next();
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

/** A server and a client that is asked for `scenario`. */
export async function startPair(kind, args = []) {
  const [server, client] = [0, 1].map(() => new Peer(...commands[kind](args)));
  const { addr } = await server.next();
  await client.next();
  return {
    addr,
    ask: (scenario, options, through = addr) => client.ask({ scenario, addr: through, options }),
    cpuMs: () => cpuMs(server.child.pid) + cpuMs(client.child.pid),
    stop() {
      for (const { child } of [server, client]) child.stdin.end();
    },
  };
}
