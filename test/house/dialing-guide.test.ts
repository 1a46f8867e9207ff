import { readFileSync } from 'node:fs';
import { drawDial } from '../../src/index.js';
import { RACES, runRace } from '../support/races.js';

const guide = readFileSync(new URL('../../docs/guide/dialing.md', import.meta.url), 'utf8');
/** What `npm run guide` writes between the markers. */
const drawn = new Map(
  [...guide.matchAll(/<!-- race (\S+) -->\n([\s\S]*?)\n<!-- end -->/g)].map(([, name = '', text]) => [
    name,
    text,
  ]),
);

it.each(Object.entries(RACES))('%s starts its attempts when it should', (_, race) => {
  const { events } = runRace(race);
  const startedAt = events[0]?.at ?? 0;
  const starts = events.filter(({ type }) => type === 'dial:attempt').map(({ at }) => at - startedAt);
  expect(starts).toEqual(race.startsMs);
});

it('the guide draws every race as it runs today: `npm run guide` draws them anew', () => {
  for (const [name, race] of Object.entries(RACES))
    expect(drawn.get(name)).toBe(`${race.says}\n\n\`\`\`text\n${drawDial(runRace(race).events)}\n\`\`\``);
  expect([...drawn.keys()].sort()).toEqual(Object.keys(RACES).sort());
});
