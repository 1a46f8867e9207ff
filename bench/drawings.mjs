// The drawings of docs/benchmarks.md.
import { px, styleSheet, textAt } from '../src/draw/svg-parts.js';
import { NAMES, ratio } from './report.mjs';

const svg = (width, height, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" class="rx-dial" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}">${styleSheet()}<rect class="bg" width="100%" height="100%"/>${parts.join('')}</svg>\n`;

const ROW_PX = 44;
const LEFT_PX = 330;
const BAR_PX = 420;
/** What is best by so much fills its line. */
const MAX_RATIO = 100;
const COLOURS = { js: 'connects', go: 'muxes' };

/** How many times better ours is, a bar for each of the others, on a logarithmic scale: 1 is a line. */
export function ratiosDrawing(results) {
  const rows = results.filter((result) => ratio(result, 'js') !== undefined);
  const height = 70 + rows.length * ROW_PX;
  const x = (times) => LEFT_PX + (BAR_PX * (Math.log10(Math.min(Math.max(times, 0.1), MAX_RATIO)) + 1)) / 3;
  const parts = [textAt('title label', 20, 28, 'How many times better rx-libp2p is')];
  for (const mark of [0.1, 1, 10, 100]) {
    parts.push(`<path class="line grid" d="M${px(x(mark))} 48V${px(height - 20)}"/>`);
    parts.push(textAt('faint mid', x(mark), 44, `×${String(mark)}`));
  }
  rows.forEach((result, at) => {
    const y = 66 + at * ROW_PX;
    parts.push(textAt('label', 20, y + 12, result.name.replace(/, (ms|MiB\/s|KiB).*/, '')));
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
  return svg(LEFT_PX + BAR_PX + 140, height, parts);
}

const DECADE_PX = 120;
const GROWTH_LEFT_PX = 80;
const LINES = [
  { name: 'one more connection', fill: 'connects', digits: 2 },
  { name: 'one more stream', fill: 'muxes', digits: 3 },
];

/** What one more takes at each decade, against what it takes among 100: a flat line is what is wanted. */
export function growthDrawing(growths) {
  const x = (line) => GROWTH_LEFT_PX + line * DECADE_PX;
  const y = (times) => 60 + 70 * (2 - Math.min(times, 2));
  const right = x(growths[0].length - 1) + 40;
  const parts = [
    textAt('title label', 20, 28, 'What one more takes when so many are there, against among 100'),
  ];
  for (const mark of [0, 1, 2])
    parts.push(
      `<path class="line grid" d="M${px(GROWTH_LEFT_PX - 30)} ${px(y(mark))}H${px(right)}"/>`,
      textAt('faint end', GROWTH_LEFT_PX - 40, y(mark) + 4, `×${String(mark)}`),
    );
  growths[0].forEach(({ at }, line) =>
    parts.push(textAt('faint mid', x(line), y(0) + 20, at.toLocaleString('en'))),
  );
  const times = growths.map((rows) => rows.map(({ ms }) => ms / rows.find(({ at }) => at === 100).ms));
  growths.forEach((rows, which) => {
    const { name, fill, digits } = LINES[which];
    const points = times[which].map((many, line) => [x(line), y(many)]);
    parts.push(`<path class="line waits" d="M${points.map((point) => point.map(px).join(' ')).join('L')}"/>`);
    points.forEach(([left, top], line) => {
      // Of two words that would stand on each other, the upper point's stands above it.
      const [mine, other] = [times[which][line], times[1 - which][line]];
      const isUpper = mine > other || (mine === other && which === 0);
      parts.push(
        `<circle class="${fill}" cx="${px(left)}" cy="${px(top)}" r="5"/>`,
        textAt('faint mid', left, top + (isUpper ? -10 : 18), `${rows[line].ms.toFixed(digits)} ms`),
      );
    });
    parts.push(
      `<circle class="${fill}" cx="${px(GROWTH_LEFT_PX + which * 200)}" cy="240" r="5"/>`,
      textAt('label', GROWTH_LEFT_PX + 12 + which * 200, 244, name),
    );
  });
  return svg(right + 20, 264, parts);
}
