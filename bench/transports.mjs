// The other ways: TCP with TLS against go-libp2p's, WebSocket and QUIC against js-libp2p's; beside each ours over TCP with
// noise. Two processes each, on loopback, in turns; in brackets what both had of the processor.
//   npm run bench:tls, npm run bench:websocket, npm run bench:quic [-- --quick] [-- --rounds 5] [-- --only ours]
// Over WebSocket it fails where ours is less than twice as fast as js-libp2p's.
import { argument, has, isCommand } from './arguments.mjs';
import { measure, progressEnds } from './measure.mjs';
import { available, startPair } from './peers.mjs';
import { asMarkdown, ratio } from './report.mjs';
import { transportRows } from './rows.mjs';

const WAYS = {
  tls: { name: 'TLS', against: 'go' },
  websocket: { name: 'WebSocket', against: 'js', floors: { upload: 2, download: 2 } },
  quic: { name: 'QUIC', against: 'js' },
};

async function oneWay(way, names, { quick, rounds }) {
  const { name, against, floors = {} } = WAYS[way];
  const pairs = {};
  for (const kind of names)
    if (kind === 'ours' || kind === against) pairs[kind] = await startPair(kind, [`--${way}`]);
  if (names.includes('ours')) pairs.tcp = await startPair('ours');
  const results = [];
  try {
    for (const row of transportRows(quick)) {
      const result = await measure({ ...row, name: `${name}, ${row.name}` }, pairs, rounds);
      results.push({ ...result, id: `${way}-${row.id}`, floor: floors[row.id] });
    }
  } finally {
    for (const pair of Object.values(pairs)) pair.stop();
  }
  return results;
}

/** The rows of these ways, of those among `names` that have them. */
export async function transports(names, how, ways = Object.keys(WAYS)) {
  const results = [];
  for (const way of ways) results.push(...(await oneWay(way, names, how)));
  return results;
}

async function command() {
  const way = process.argv[2];
  const quick = has('--quick');
  const rounds = Number(argument('--rounds', quick ? 1 : 3));
  const wanted = argument('--only', `ours,${WAYS[way].against}`).split(',');
  const results = await transports(available(wanted), { quick, rounds }, [way]);
  progressEnds();
  if (has('--json')) console.log(JSON.stringify({ node: process.version, rows: results }, null, 2));
  else console.log(asMarkdown(results, { withCpu: true }));
  for (const result of results) {
    if (!(ratio(result, 'js') < result.floor)) continue;
    const found = ratio(result, 'js').toFixed(2);
    console.error(`${result.name}: ${found} times js-libp2p; the floor is ${String(result.floor)}`);
    process.exitCode = 1;
  }
}
if (isCommand(import.meta.url)) await command();
