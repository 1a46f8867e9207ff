// Ours against js-libp2p and, where Go is there, go-libp2p, in one run: two processes each, on loopback, TCP + noise +
// yamux, identify, no limits; in turns, several rounds, medians. Beside them what plain Node reaches. Then what is idle,
// how long a start takes, the other transports, round trips, and what one more takes when 10,000 are there.
//   npm run bench [-- --json] [-- --quick] [-- --only ours,js,go,limit] [-- --rows upload,ping,idle,import] [-- --rounds 5]
//     --rows transports, --rows trips, --rows grow, --rows primitives: one of the other tables
//     --against <dir>   another build of this package as one more column, for A against B
//     --cpu             what both processes had of the processor as well, ms: fit to compare on a busy machine
//     --check           fails where a ratio to js-libp2p is below its floor in bench/floors.json
//     --limits          ours with its usual limits
//     --quic            ours and js-libp2p over QUIC, through the same native addon; js-libp2p loses ends of streams there
//     --write           docs/benchmarks.md and its drawings
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { argument, has } from './arguments.mjs';
import { roundTrips } from './delayed-link.mjs';
import { growth } from './grow.mjs';
import { IDLE } from './idle.mjs';
import { measure, progressEnds } from './measure.mjs';
import { available, startPair } from './peers.mjs';
import { asMarkdown, cpuTable, growthTable, primitivesTable, ratio, tripsTable } from './report.mjs';
import { PRIMITIVES, rowsFor } from './rows.mjs';
import { START } from './start.mjs';
import { transports } from './transports.mjs';

const quick = has('--quick');
const only = argument('--only')?.split(',');
const chosen = argument('--rows')?.split(',');
const against = argument('--against');
const rounds = Number(argument('--rounds', quick ? 1 : 3));
const wanted = (name) => only === undefined || only.includes(name);
/** All tables, and not only those that are asked for. */
const isWhole =
  chosen === undefined && only === undefined && against === undefined && (!quick || has('--write'));
const names = available(
  ['ours', 'js', 'go'].filter((name) => wanted(name) && (name !== 'go' || !has('--check'))),
);

/** Half of what was reached: what a noisy machine may still take away. One that falls below is asked once more. */
const floors = has('--check')
  ? JSON.parse(readFileSync(new URL('./floors.json', import.meta.url), 'utf8'))
  : {};
async function checked(run) {
  const isBelow = (result) => ratio(result, 'js') < floors[result.id];
  const first = await run();
  if (!first.some(isBelow)) return first;
  const second = await run();
  for (const result of second.filter(isBelow)) {
    const found = ratio(result, 'js').toFixed(2);
    console.error(`${result.name}: ${found} times js-libp2p; the floor is ${String(floors[result.id])}`);
    process.exitCode = 1;
  }
  return second;
}

async function startPairs() {
  const over = has('--quic') ? ['--quic'] : [];
  const ours = [...over, ...(has('--limits') ? ['--limits'] : [])];
  const pairs = {};
  for (const name of names) pairs[name] = await startPair(name, { ours, js: over, go: [] }[name]);
  if (against !== undefined) pairs.base = await startPair('ours', [...ours, '--package', against]);
  if (wanted('limit')) pairs.limit = await startPair('limit');
  return pairs;
}

/** What makes the rows of the first table: some make several at once. */
const makersOf = (pairs) => [
  ...rowsFor(quick).map((row) => ({
    ids: [row.id],
    isSlow: row.isSlow,
    run: async () => [await measure(row, pairs, rounds)],
  })),
  // The other build is not among them.
  ...(against === undefined || chosen !== undefined
    ? [...IDLE, { ...START, run: () => START.run(names, quick ? 5 : 9) }]
    : []),
];

async function rowsOf(pairs) {
  const isChosen = (id) => chosen?.some((name) => id.startsWith(name));
  const results = [];
  for (const { ids, isSlow, run } of makersOf(pairs)) {
    if (chosen === undefined ? isSlow && quick && !isWhole : !ids.some(isChosen)) continue;
    results.push(...(await checked(() => run(names))));
  }
  return results.filter(({ id, values }) => (isChosen(id) ?? true) && Object.keys(values).length > 0);
}

const load = () => loadavg()[0].toFixed(1);
const loadBefore = load();
const includes = (table) => isWhole || chosen?.includes(table);
const pairs = await startPairs();
const found = { rows: [], transports: [], trips: [], growths: [], primitives: {} };
try {
  found.rows = await rowsOf(pairs);
  if (includes('trips')) found.trips = await roundTrips(pairs);
  if (includes('primitives'))
    for (const name of PRIMITIVES) found.primitives[name] = (await pairs.limit.ask(name)).value;
  if (includes('transports')) found.transports = await transports(names, { quick, rounds });
  if (includes('grow')) found.growths = [await growth('connections'), await growth('streams')];
} finally {
  for (const pair of Object.values(pairs)) pair.stop();
  progressEnds();
}

if (has('--json')) console.log(JSON.stringify({ node: process.version, ...found }, null, 2));
else {
  const tables = [
    found.rows.length > 0 && asMarkdown(found.rows),
    has('--cpu') && cpuTable(found.rows),
    found.transports.length > 0 && asMarkdown(found.transports, { withCpu: true }),
    found.trips.length > 0 && tripsTable(found.trips),
    found.growths.length > 0 && growthTable(found.growths),
    Object.keys(found.primitives).length > 0 && primitivesTable(found.primitives),
  ];
  console.log(tables.filter(Boolean).join('\n\n'));
}
if (has('--write')) {
  const { writeReport } = await import('./write.mjs');
  writeReport({ quick, ...found, loads: `a load of ${loadBefore} before, ${load()} after` });
}
