// A fast writer and a slow reader, ours and js-libp2p's: how many bytes were handed to the stream on one side and are not
// done with on the other, over time. Two processes each on loopback, TCP, noise, yamux. Both are written as their
// documentation says: the writer waits when it is told to, the reader is a `for await` that takes its time.
//   npm run bench:slow-reader [-- --save examples/notebooks/data/slow-reader.json]
// The notebook on back-pressure shows what was saved.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { available } from './peers.mjs';

const TOTAL_BYTES = 32 * 2 ** 20;
const CHUNK_BYTES = 64 * 2 ** 10;
const READS_BYTES_PER_SECOND = 8 * 2 ** 20;
const SAMPLE_MS = 50;

const self = fileURLToPath(import.meta.url);
const js = fileURLToPath(new URL('../test/interop/js/', import.meta.url));
const implementations = {
  'rx-libp2p': { file: './slow-reader-ours.mjs', from: import.meta.url, node: [] },
  'js-libp2p': {
    file: './slow-reader-js.mjs',
    from: new URL('../test/interop/js/', import.meta.url),
    node: ['--require', `${js}polyfill.cjs`],
  },
};

/** In a child: counts what goes through its hands, and tells so with the time, on a clock that all processes share. */
function counter() {
  let bytes = 0;
  return (count) => {
    bytes += count;
    console.log(JSON.stringify({ at: performance.timeOrigin + performance.now(), bytes }));
  };
}

async function read({ listen }) {
  const addr = await listen(async (chunks) => {
    const count = counter();
    for await (const chunk of chunks) {
      // A chunk can be all that has come: what counts is what is done.
      for (let from = 0; from < chunk.byteLength; from += CHUNK_BYTES) {
        const byteLength = Math.min(CHUNK_BYTES, chunk.byteLength - from);
        await delay((byteLength / READS_BYTES_PER_SECOND) * 1_000);
        count(byteLength);
      }
    }
    process.exit();
  });
  console.log(JSON.stringify({ addr }));
}

async function write({ open }, addr) {
  const count = counter();
  function* chunks() {
    for (let sent = 0; sent < TOTAL_BYTES; sent += CHUNK_BYTES) {
      count(CHUNK_BYTES);
      yield new Uint8Array(CHUNK_BYTES);
    }
  }
  const send = await open(addr);
  await send(chunks());
}

/** The lines of a child as objects; `first` waits for one, `all` for the end. */
function start(name, role, addr = '') {
  const child = spawn(process.execPath, [...implementations[name].node, self, role, name, addr], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  let wake = () => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line));
    wake();
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  return {
    first: async () => {
      while (lines.length === 0) await new Promise((resolve) => (wake = resolve));
      return lines.shift();
    },
    all: () => ended.then(() => lines),
    kill: () => child.kill(),
  };
}

async function record(name) {
  const reader = start(name, 'read');
  const { addr } = await reader.first();
  const writer = start(name, 'write', addr);
  const done = await reader.all();
  writer.kill();
  const given = await writer.all();
  const startedAt = given[0].at;
  const upTo = (samples, at) => samples.filter((sample) => sample.at <= at).at(-1)?.bytes ?? 0;
  const endMs = done.at(-1).at - startedAt;
  return Array.from({ length: Math.ceil(endMs / SAMPLE_MS) + 1 }, (_, step) => {
    const at = startedAt + step * SAMPLE_MS;
    return { ms: step * SAMPLE_MS, given: upTo(given, at), done: upTo(done, at) };
  });
}

async function main() {
  available(['js']);
  const at = process.argv.indexOf('--save');
  const recorded = {};
  for (const name of Object.keys(implementations)) {
    recorded[name] = await record(name);
    const most = Math.max(...recorded[name].map(({ given, done }) => given - done));
    console.log(`${name}: at most ${(most / 2 ** 20).toFixed(2)} MiB between the writer and the reader`);
  }
  if (at < 0) return;
  const { version } = JSON.parse(readFileSync(`${js}node_modules/libp2p/package.json`, 'utf8'));
  const about = {
    command: 'npm run bench:slow-reader -- --save examples/notebooks/data/slow-reader.json',
    node: process.version,
    'js-libp2p': version,
    totalBytes: TOTAL_BYTES,
    readsBytesPerSecond: READS_BYTES_PER_SECOND,
  };
  const series = Object.entries(recorded).map(([name, samples]) => [
    name,
    samples.map((sample) => JSON.stringify(sample)),
  ]);
  const text = series
    .map(([name, samples]) => `    ${JSON.stringify(name)}: [\n      ${samples.join(',\n      ')}\n    ]`)
    .join(',\n');
  writeFileSync(
    process.argv[at + 1],
    `{\n  "about": ${JSON.stringify(about)},\n  "samples": {\n${text}\n  }\n}\n`,
  );
}

const [role, name, addr] = process.argv.slice(2);
if (role === 'read' || role === 'write') {
  const { file, from } = implementations[name];
  const implementation = await import(new URL(file, from));
  await (role === 'read' ? read(implementation) : write(implementation, addr));
} else await main();
