// Ours against js-libp2p and, where Go is there, go-libp2p, in one run: two processes each, on loopback, TCP + noise +
// yamux, identify, no limits; in turns, several rounds, medians. Beside them what plain Node reaches.
//   npm run bench [-- --json] [-- --quick] [-- --only ours,js,go,limit] [-- --rows upload,ping] [-- --rounds 5]
//     --against <dir>   another build of this package as one more column, for A against B
//     --cpu             what both processes had of the processor as well, ms: fit to compare on a busy machine
//     --check           fails where a ratio to js-libp2p is below its floor in bench/floors.json
//     --limits          ours with its usual limits
//     --quic            ours and js-libp2p over QUIC, through the same native addon; js-libp2p loses ends of streams there
//     --write           docs/benchmarks.md and its drawing
import { readFileSync } from 'node:fs';
import { buildGo, installJs, startPair } from './peers.mjs';
import { loadavg } from 'node:os';
import { roundTrips } from './delayed-link.mjs';
import { growth } from './grow.mjs';
import { DECADES, PRIMITIVES, rowsFor } from './rows.mjs';
import { asMarkdown, cpuTable, growthTable, primitivesTable, ratio, tripsTable } from './report.mjs';

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const has = (name) => process.argv.includes(name);
const quick = has('--quick');
const only = argument('--only')?.split(',');
const wanted = (name) => only === undefined || only.includes(name);
const against = argument('--against');
const rounds = Number(argument('--rounds') ?? (quick ? 1 : 3));
const chosen = argument('--rows')?.split(',');
const rows = rowsFor(quick).filter(
  ({ id }) => chosen === undefined || chosen.some((name) => id.startsWith(name)),
);

if (wanted('js')) installJs();
const over = has('--quic') ? ['--quic'] : [];
const ours = [...over, ...(has('--limits') ? ['--limits'] : [])];
const pairs = {};
if (wanted('ours')) pairs.ours = await startPair('ours', ours);
if (against !== undefined) pairs.base = await startPair('ours', [...ours, '--package', against]);
if (wanted('js')) pairs.js = await startPair('js', over);
if (wanted('go') && !has('--check') && buildGo()) pairs.go = await startPair('go');
if (wanted('limit')) pairs.limit = await startPair('limit');

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];
const began = performance.now();
const progress = (text) => {
  const seconds = Math.round((performance.now() - began) / 1000);
  if (process.stderr.isTTY) process.stderr.write(`\r${`${String(seconds)} s  ${text}`.padEnd(78)}`);
  else if (text.endsWith(', 1')) console.error(`${String(seconds)} s  ${text.slice(0, -3)}`);
};

async function measure(row) {
  const values = {};
  const extras = {};
  const cpu = {};
  for (let round = 0; round < (row.rounds ?? rounds); round += 1) {
    for (const [name, pair] of Object.entries(pairs)) {
      const asks = name === 'base' ? row.asks.ours : row.asks[name];
      if (asks === undefined) continue;
      progress(`${row.name}: ${name}, ${String(round + 1)}`);
      const before = pair.cpuMs();
      const { value, error, missing, ...extra } = await pair.ask(asks.scenario, asks.options);
      if (error !== undefined) throw new Error(`${row.name}, ${name}: ${error}`);
      if (missing) continue;
      (values[name] ??= []).push(value);
      (cpu[name] ??= []).push(pair.cpuMs() - before);
      extras[name] = extra;
    }
  }
  const medians = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, median(list)]));
  return {
    id: row.id,
    name: row.name,
    lessIsBetter: row.lessIsBetter === true,
    values,
    medians,
    cpu,
    extras,
  };
}

const decades = quick ? DECADES.slice(0, -1) : DECADES;
const load = () => loadavg()[0].toFixed(1);
const loadBefore = load();
/** Half of what was reached: what a noisy machine may still take away. One that falls below is asked once more. */
const floors = has('--check')
  ? JSON.parse(readFileSync(new URL('./floors.json', import.meta.url), 'utf8'))
  : {};
async function checked(row) {
  const floor = floors[row.id];
  const first = await measure(row);
  if (floor === undefined || !(ratio(first, 'js') < floor)) return first;
  const second = await measure(row);
  if (!(ratio(second, 'js') < floor)) return second;
  console.error(
    `${row.name}: ${ratio(second, 'js').toFixed(2)} times js-libp2p; the floor is ${String(floor)}`,
  );
  process.exitCode = 1;
  return second;
}

const results = [];
const primitives = {};
let trips = [];
let growths = [];
try {
  for (const row of rows) results.push(await checked(row));
  const isWhole =
    chosen === undefined && only === undefined && against === undefined && (!quick || has('--write'));
  if (isWhole || chosen?.includes('trips')) trips = await roundTrips(pairs);
  if (isWhole || chosen?.includes('primitives'))
    for (const name of PRIMITIVES) primitives[name] = (await pairs.limit.ask(name)).value;
  if (isWhole || chosen?.includes('grow'))
    growths = [await growth('connections', decades, progress), await growth('streams', decades, progress)];
} finally {
  for (const pair of Object.values(pairs)) pair.stop();
  if (process.stderr.isTTY) process.stderr.write(`\r${''.padEnd(78)}\r`);
}

if (has('--json'))
  console.log(JSON.stringify({ node: process.version, rows: results, trips, growths, primitives }, null, 2));
else {
  const tables = [
    results.length > 0 && asMarkdown(results),
    has('--cpu') && cpuTable(results),
    trips.length > 0 && tripsTable(trips),
    growths.length > 0 && growthTable(growths),
    Object.keys(primitives).length > 0 && primitivesTable(primitives),
  ];
  console.log(tables.filter(Boolean).join('\n\n'));
}
if (has('--write')) {
  const { writeReport } = await import('./write.mjs');
  writeReport({
    quick,
    results,
    trips,
    growths,
    primitives,
    loads: `a load of ${loadBefore} before, ${load()} after`,
  });
}
