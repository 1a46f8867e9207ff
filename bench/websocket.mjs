// Throughput over WebSocket, ours against js-libp2p's, in one run: noise + yamux, loopback, two processes each, in turns.
// Beside it ours over TCP. Fails where ours is less than twice as fast.
//   npm run bench:websocket [-- --json] [-- --quick]
import { installJs, startPair } from './peers.mjs';
import { rowsFor } from './rows.mjs';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 3;
const FLOOR = 2;
const rows = rowsFor(quick).filter(({ id }) => id === 'upload' || id === 'download');
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];

installJs();
const pairs = {
  ours: await startPair('ours', ['--websocket']),
  js: await startPair('js', ['--websocket']),
  'ours over TCP': await startPair('ours'),
};
const results = [];
try {
  for (const row of rows) {
    const values = {};
    const cpu = {};
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, pair] of Object.entries(pairs)) {
        const { scenario, options } = row.asks[name === 'js' ? 'js' : 'ours'];
        const before = pair.cpuMs();
        const { value, error } = await pair.ask(scenario, options);
        if (error !== undefined) throw new Error(`${row.name}, ${name}: ${error}`);
        (values[name] ??= []).push(value);
        (cpu[name] ??= []).push(pair.cpuMs() - before);
      }
    results.push({
      name: row.name,
      values,
      cpu,
      ratio: median(values.ours) / median(values.js),
      cpuRatio: median(cpu.js) / median(cpu.ours),
    });
  }
} finally {
  for (const pair of Object.values(pairs)) pair.stop();
}

if (process.argv.includes('--json'))
  console.log(JSON.stringify({ node: process.version, rows: results }, null, 2));
else {
  console.log(
    '| over WebSocket | ours | js-libp2p | ratio | processor time, js to ours | ours over TCP |\n|---|---|---|---|---|---|',
  );
  for (const { name, values, ratio, cpuRatio } of results) {
    const [ours, js, tcp] = [values.ours, values.js, values['ours over TCP']].map((list) =>
      median(list).toFixed(0),
    );
    console.log(`| ${name} | ${ours} | ${js} | ${ratio.toFixed(2)} | ${cpuRatio.toFixed(2)} | ${tcp} |`);
  }
}
for (const { name, ratio } of results) {
  if (ratio >= FLOOR) continue;
  console.error(`${name}: ${ratio.toFixed(2)} times js-libp2p; the floor is ${String(FLOOR)}`);
  process.exitCode = 1;
}
