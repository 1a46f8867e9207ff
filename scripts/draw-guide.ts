/** Draws the races of the tests into the guide, between its markers, and the picture of the README: `npm run guide`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { drawDial } from '../src/index.js';
import { simulateDial } from '../src/testing.js';
import { SCENARIOS } from '../examples/dial/scenarios.js';
import { RACES, runRace } from '../test/support/races.js';

const path = new URL('../docs/guide/dialing.md', import.meta.url);
const text = readFileSync(path, 'utf8').replace(
  /(<!-- race (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
  (whole, start: string, name: string, end: string) => {
    const race = RACES[name];
    if (race === undefined) throw new Error(`the guide has a race that no test runs: ${name}`);
    return `${start}${race.says}\n\n\`\`\`text\n${drawDial(runRace(race).events)}\n\`\`\`\n${end}`;
  },
);
writeFileSync(path, text);

const race = SCENARIOS['late-dns'];
if (race === undefined) throw new Error('the README has a race that no example runs');
const picture = simulateDial(race.strategy, race.network, { seed: 1 });
writeFileSync(new URL('../docs/race.svg', import.meta.url), picture.toSVG());
