// docs/benchmarks.md and its drawings, of one run.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { spawnSync } from 'node:child_process';
import { growthDrawing, ratiosDrawing } from './drawings.mjs';
import { asMarkdown, cpuTable, growthTable, primitivesTable, tripsTable } from './report.mjs';
import { rowsFor } from './rows.mjs';

const docs = new URL('../docs/', import.meta.url);
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = (path) => JSON.parse(read(path)).version;
const counted = (count) => count.toLocaleString('en');

/** Of which rows the slower ones were asked for less, and for how much. */
function fewer(quick) {
  const names = ['ours', 'js', 'go'];
  const lines = rowsFor(quick)
    .filter(({ asks }) => names.some((name) => asks[name].share < 1))
    .map(({ name, asks }) => `${name}: ${names.map((of) => counted(asks[of].options.count)).join(' / ')}`);
  return `Rates are compared, so the slower ones are asked for less (ours / js-libp2p / go-libp2p; ${lines.join('; ')}).`;
}

function extras(rows, quick) {
  const extrasOf = (wanted) => rows.find(({ id }) => id === wanted)?.extras.ours;
  const count = rowsFor(quick).find(({ id }) => id === 'messages').asks.ours.options.count;
  const { fairness } = extrasOf('both') ?? {};
  const { grownMiB } = extrasOf('messages') ?? {};
  const lines = [];
  if (fairness !== undefined)
    lines.push(
      `Of both ways at once, ours ended the faster one after ${fairness.toFixed(2)} of the slower one's time.`,
    );
  if (grownMiB !== undefined)
    lines.push(
      `${counted(count)} messages each way took ${grownMiB.toFixed(0)} MiB of memory more at most than before.`,
    );
  return lines.join(' ');
}

export function writeReport({ quick, rows, transports, trips, growths, primitives, loads }) {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? '';
  const goLibp2p = /go-libp2p v(\S+)/.exec(read('../test/interop/go/go.mod'))?.[1] ?? '';
  const jsLibp2p = version('../test/interop/js/node_modules/libp2p/package.json');
  const machine = `${cpus()[0]?.model.trim() ?? ''}, ${String(cpus().length)} cores, ${String(Math.round(totalmem() / 2 ** 30))} GiB, ${type()} ${release()}`;
  const text = `# Benchmarks

\`npm run bench -- ${quick ? '--quick ' : ''}--write\` made all of this page. Two processes each on loopback, TCP + noise + yamux, identify, no limits, in turns; ${quick ? 'one short round each, in which much code is cold' : 'medians'}. The ratios are what to look at: the times are this machine's, and what else it did counts in them (${loads}).

* ${new Date().toISOString().slice(0, 10)}; ${machine}
* Node ${process.version} (js-libp2p with the polyfills that it needs there), rx-libp2p ${version('../package.json')}, js-libp2p ${jsLibp2p}, go-libp2p ${goLibp2p} (${go.replace(/^go version /, '').trim()})

![How many times better rx-libp2p is](benchmarks.svg)

${asMarkdown(rows)}

"Until identified" is what go-libp2p's \`Connect\` waits for, "until up" what js-libp2p's \`dial\` does. A connect ends with hanging up, which counts in "connects/s". A stream is opened, carries 32 bytes there and back, and is closed in order on both sides. ${fewer(quick)} "Plain Node" is the limit of the pipe: frames of 65,519 bytes, sealed with ChaCha20-Poly1305 by \`node:crypto\`, over loopback, one way.

${extras(rows, quick)}

What is idle is heap and external memory after a garbage collection, of each of 1,000: connections that are identified, of a host that dialed them or was dialed; streams that are open, with a reader. Import and creation take place in a process of their own, with the same parts on both sides.

## Processor

What both processes had of the processor for all of a row, start of the code included, the least of all rounds, ms, for as much as ours was asked for: on a busy machine this says more than the clock.

${cpuTable(rows)}

## Transports

Beside each the same over TCP with noise; in brackets what both processes had of the processor. WebSocket carries noise and yamux; QUIC of both goes through the same native addon.

${asMarkdown(transports, { withCpu: true })}

## Round trips

To the first byte of an answer, over a link of 100 ms each way; TCP's own is one of them.

${tripsTable(trips)}

## Growth

What one more takes of the processor, on both sides together, when so many are there. A connection is dialed, identified and ended again, with a host that has the others, each from a host of its own; what keeping those takes meanwhile (they are asked whether they are alive) stands beside it and is not in it. A stream is opened, carries 32 bytes there and back, and is closed, on the connection that has the others.

![What one more takes when so many are there](benchmarks-growth.svg)

${growthTable(growths)}

## Primitives

\`node:crypto\`, us each. A connect takes four agreements, a signature verified for the handshake, and one for the peer record, on each side.

${primitivesTable(primitives)}
`;
  writeFileSync(new URL('benchmarks.md', docs), text);
  writeFileSync(new URL('benchmarks.svg', docs), ratiosDrawing(rows));
  writeFileSync(new URL('benchmarks-growth.svg', docs), growthDrawing(growths));
}
