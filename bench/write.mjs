// docs/benchmarks.md and its drawing, of one run.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { spawnSync } from 'node:child_process';
import { px, styleSheet, textAt } from '../src/draw/svg-parts.js';
import { asMarkdown, cpuTable, growthTable, NAMES, primitivesTable, ratio, tripsTable } from './report.mjs';

const docs = new URL('../docs/', import.meta.url);
/** What other commands measured, written by hand behind this line. */
const OTHERS = '## Other commands';
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = (path) => JSON.parse(read(path)).version;

const ROW_PX = 44;
const LEFT_PX = 330;
const BAR_PX = 420;
/** What is best by so much fills its line. */
const MAX_RATIO = 100;
const COLOURS = { js: 'connects', go: 'muxes' };

/** How many times better ours is, a bar for each of the others, on a logarithmic scale: 1 is a line. */
export function drawing(results) {
  const rows = results.filter((result) => ratio(result, 'js') !== undefined);
  const height = 70 + rows.length * ROW_PX;
  const x = (times) => LEFT_PX + (BAR_PX * (Math.log10(Math.min(Math.max(times, 0.1), MAX_RATIO)) + 1)) / 3;
  const parts = [textAt('title label', 20, 28, 'How many times faster rx-libp2p is')];
  for (const mark of [0.1, 1, 10, 100]) {
    parts.push(`<path class="line grid" d="M${px(x(mark))} 48V${px(height - 20)}"/>`);
    parts.push(textAt('faint mid', x(mark), 44, `×${String(mark)}`));
  }
  rows.forEach((result, at) => {
    const y = 66 + at * ROW_PX;
    parts.push(textAt('label', 20, y + 12, result.name.replace(/, (ms|MiB\/s).*/, '')));
    Object.entries(COLOURS).forEach(([name, colour], line) => {
      const times = ratio(result, name);
      if (times === undefined) return;
      const [from, to] = [x(1), x(times)];
      const top = y + line * 15;
      parts.push(
        `<rect class="${colour}" x="${px(Math.min(from, to))}" y="${px(top)}" width="${px(Math.max(1, Math.abs(to - from)))}" height="11"/>`,
        textAt('faint', Math.max(from, to) + 6, top + 10, `${times.toFixed(1)} × ${NAMES[name]}`),
      );
    });
  });
  const width = LEFT_PX + BAR_PX + 140;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="rx-dial" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}">${styleSheet()}<rect class="bg" width="100%" height="100%"/>${parts.join('')}</svg>\n`;
}

export function writeReport({ quick, results, trips, growths, primitives, loads }) {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? '';
  const goLibp2p = /go-libp2p v(\S+)/.exec(read('../test/interop/go/go.mod'))?.[1] ?? '';
  const jsLibp2p = version('../test/interop/js/node_modules/libp2p/package.json');
  const machine = `${cpus()[0]?.model.trim() ?? ''}, ${String(cpus().length)} cores, ${String(Math.round(totalmem() / 2 ** 30))} GiB, ${type()} ${release()}`;
  const text = `# Benchmarks

\`npm run bench -- ${quick ? '--quick ' : ''}--write\` made this page. Two processes each on loopback, TCP + noise + yamux, identify, no limits, in turns; ${quick ? 'one short round each, in which much code is cold' : 'medians'}. The ratios are what to look at: the times are this machine's, and others worked on it meanwhile (${loads}).

* ${new Date().toISOString().slice(0, 10)}; ${machine}
* Node ${process.version} (js-libp2p with the polyfills that it needs there), rx-libp2p ${version('../package.json')}, js-libp2p ${jsLibp2p}, go-libp2p ${goLibp2p} (${go.replace(/^go version /, '').trim()})

![How many times faster rx-libp2p is](benchmarks.svg)

${asMarkdown(results)}

"Until identified" is what go-libp2p's \`Connect\` waits for, "until up" what js-libp2p's \`dial\` does. A connect ends with hanging up, which counts in "connects/s". A stream is opened, carries 32 bytes there and back, and is closed in order on both sides. "Plain Node" is the limit of the pipe: frames of 65,519 bytes, sealed with ChaCha20-Poly1305 by \`node:crypto\`, over loopback, one way.
${fairness(results)}
## Processor

What both processes had of the processor for all of a row, start of the code included, the least of all rounds, ms: on a busy machine this says more than the clock.

${cpuTable(results)}

## Round trips

To the first byte of an answer, over a link of 100 ms each way; TCP's own is one of them.

${tripsTable(trips)}

## Growth

What one more takes of the processor, on both sides together, when so many are there, ms.

${growthTable(growths)}

## Primitives

\`node:crypto\`, us each. A connect takes four agreements, a signature verified for the handshake, and one for the peer record, on each side.

${primitivesTable(primitives)}
`;
  const before = readFileSync(new URL('benchmarks.md', docs), 'utf8');
  const kept = before.indexOf(OTHERS) < 0 ? '' : `\n${before.slice(before.indexOf(OTHERS))}`;
  writeFileSync(new URL('benchmarks.md', docs), text + kept);
  writeFileSync(new URL('benchmarks.svg', docs), drawing(results));
}

function fairness(results) {
  const both = results.find(({ id }) => id === 'both')?.extras.ours?.fairness;
  const messages = results.find(({ id }) => id === 'messages')?.extras.ours?.grownMiB;
  const lines = [];
  if (both !== undefined)
    lines.push(
      `Of both ways at once, ours ended the faster one after ${both.toFixed(2)} of the slower one's time.`,
    );
  if (messages !== undefined)
    lines.push(
      `A million messages each way took ${messages.toFixed(0)} MiB of memory more at most than before.`,
    );
  return lines.length === 0 ? '' : `\n${lines.join(' ')}\n`;
}
