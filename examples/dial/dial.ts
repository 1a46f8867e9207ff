/**
 * How a dial went: the real dial worker on a described network, in virtual time, as a drawing.
 *
 *   npm run dial                      the scenarios there are
 *   npm run dial -- late-dns          one of them
 *   npm run dial -- late-dns --svg    as an SVG document
 *
 * `--width N` sets the columns (with `--svg` the px), `--ascii` draws without other characters, `--seed N` sets the chance.
 */
import { parseArgs } from 'node:util';
import { drawDial, drawDialSvg } from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';
import { SCENARIOS, type Scenario } from './scenarios.js';

/** Lines of more than that are hard to follow, however wide the terminal is. */
const MOST_COLUMNS = 110;

function readFlags(): {
  name: string | undefined;
  svg: boolean;
  ascii: boolean;
  seed: number;
  width?: number;
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      svg: { type: 'boolean', default: false },
      ascii: { type: 'boolean', default: false },
      width: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const width = values.width === undefined ? {} : { width: Number(values.width) };
  return { name: positionals[0], svg: values.svg, ascii: values.ascii, seed: Number(values.seed), ...width };
}

function list(): string {
  const longest = Math.max(...Object.keys(SCENARIOS).map(({ length }) => length));
  const lines = Object.entries(SCENARIOS).map(([name, { says }]) => `  ${name.padEnd(longest)}  ${says}`);
  return ['npm run dial -- <scenario> [--svg] [--width N] [--ascii] [--seed N]', '', ...lines].join('\n');
}

function draw({ says, strategy, network }: Scenario, flags: ReturnType<typeof readFlags>): string {
  const { events } = simulateDial(strategy, network, { seed: flags.seed });
  if (flags.svg) return drawDialSvg(events, { width: flags.width });
  const width = flags.width ?? Math.min(MOST_COLUMNS, process.stdout.columns || MOST_COLUMNS);
  const colour = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return `${says}\n\n${drawDial(events, { width, colour, ascii: flags.ascii })}`;
}

const flags = readFlags();
const scenario = Object.entries(SCENARIOS).find(([name]) => name === flags.name)?.[1];
if (scenario !== undefined) console.log(draw(scenario, flags));
else if (flags.name === undefined) console.log(list());
else {
  console.error(`There is no scenario ${JSON.stringify(flags.name)}.\n\n${list()}`);
  process.exitCode = 1;
}
