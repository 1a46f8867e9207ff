// TCP + TLS: ours against go-libp2p's, and against our own noise, in one run: two processes each, on loopback, in turns.
//   npm run bench:tls [-- --rounds 5]
// Beside the medians stands what both processes of a pair had of the processor: others at work do not change that much.
import { buildGo, startPair } from './peers.mjs';

const at = process.argv.indexOf('--rounds');
const rounds = at < 0 ? 3 : Number(process.argv[at + 1]);
const MIB = 1_048_576;
const rows = [
  ['connect until up, ms', 'connect', { count: 60, identified: false }],
  ['upload, MiB/s', 'upload', { bytes: 256 * MIB }],
  ['download, MiB/s', 'download', { bytes: 256 * MIB }],
];
const pairs = {
  'ours, TLS': await startPair('ours', ['--tls']),
  'ours, noise': await startPair('ours'),
  ...(buildGo() && { 'go, TLS': await startPair('go', ['--tls']) }),
};
const names = Object.keys(pairs);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

console.log(`| Node ${process.version} | ${names.join(' | ')} |`);
console.log(`|---|${names.map(() => '---|').join('')}`);
for (const [title, scenario, options] of rows) {
  const found = Object.fromEntries(names.map((name) => [name, { values: [], cpuMs: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const before = pairs[name].cpuMs();
      const { value, error } = await pairs[name].ask(scenario, options);
      if (error !== undefined) throw new Error(`${name}: ${error}`);
      found[name].values.push(value);
      found[name].cpuMs.push(pairs[name].cpuMs() - before);
    }
  }
  const field = (name) =>
    `${median(found[name].values).toFixed(scenario === 'connect' ? 2 : 0)} (${String(median(found[name].cpuMs))} ms)`;
  console.log(`| ${title} (processor) | ${names.map(field).join(' | ')} |`);
}
for (const pair of Object.values(pairs)) pair.stop();
